// node_modules/preact/dist/preact.mjs
var e, t, n, r, i, a, o, s, c, l, u, d = Symbol.for("pv"), f = {}, p = [], m = /^m(i|n|o|s|text|space)$/, h = Array.isArray, g = p.slice, _ = Object.assign;
function v(e) {
	e && e.parentNode && e.remove();
}
function y(e, t, n) {
	var r, i, a, o = {}, s = arguments.length;
	for (a in t) a == "key" ? r = t[a] : a == "ref" && typeof e != "function" ? i = t[a] : o[a] = t[a];
	return s > 2 && (o.children = s > 3 ? g.call(arguments, 2) : n), b(e, o, r, i, null);
}
function b(n, r, i, a, o) {
	var s = {
		type: n,
		props: r,
		key: i,
		ref: a,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: d,
		__v: o || ++t,
		__i: -1,
		__u: 0
	};
	return !o && e.vnode && e.vnode(s), s;
}
function x(e) {
	return e.children;
}
function S(e, t) {
	this.props = e, this.context = t, this.__g = 0;
}
function C(e, t) {
	if (t == null) return e.__ && C(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : C(e);
}
function w(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = _({ constructor: d }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), oe(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || C(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, k(a, n, o), r.__ = r.__e = null, n.__e != i && T(n));
}
function T(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), T(e);
}
function E(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(D);
}
function D() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && w(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(D);
	}
}
function ee(e, t, n, r, i, a, o, s, c, l, u) {
	var d, m, h, g, _, v, y = r.__k || p, b = t.length;
	for (c = te(n, t, y, c, b), d = 0; d < b; d++) (h = n.__k[d]) != null && (m = ~h.__i && y[h.__i] || f, h.__i = d, v = oe(e, h, m, i, a, o, s, c, l, u), g = h.__e, (m.ref != h.ref || 8 & m.__u) && (m.ref && A(m.ref, null, h, m), h.ref && u.push(h.ref, h.__c || g, h)), _ ||= g, 4 & h.__u ? (c = O(h, c, e, !m.__v), m.__e && (m.__e = null)) : typeof h.type == "function" && v !== void 0 ? c = v : g && (c = g.nextSibling), h.__u &= -21);
	return n.__e = _, c;
}
function te(e, t, n, r, i) {
	var a, o, s, c, l, u, f, p, m, g = n.length, _ = g, v = 0, y = 0, S = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = S[a] = b(null, o) : h(o) ? o = S[a] = b(x, { children: o }) : o.constructor === d && o.__b ? o = S[a] = b(o.type, o.props, o.key, o.ref, o.__v) : S[a] = o, c = a + v, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = ne(o, n, c, _)) && (_--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? v-- : l == c + 1 ? v++ : l != c && (l > c ? v-- : v++, y = 1)) : (~l || (i > g ? v-- : i < g && v++), typeof o.type != "function" && (o.__u |= 4))) : S[a] = null;
	if (y) {
		for (u = [], f = [], a = 0; a < i; a++) if ((o = S[a]) && 16 & o.__u) {
			for (v = 0, p = u.length; v < p;) u[m = v + p >> 1] < o.__i ? v = m + 1 : p = m;
			u[v] = o.__i, f[a] = v + 1;
		}
		for (v = u.length; a--;) f[a] && (f[a] == v ? v-- : S[a].__u |= 4);
	}
	if (_) for (a = 0; a < g; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = C(s)), ue(s, s));
	return r;
}
function O(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = O(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = C(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function ne(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function re(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function ie(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || re(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || re(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = ae(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in e) try {
			e[t] = n ?? "";
			return;
		} catch {}
		if (typeof n == "function") return;
		n == null || !1 === n && t[4] != "-" ? e.removeAttribute(t) : e.setAttribute(t, t == "popover" && n == 1 ? "" : n);
	}
}
function ae(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function oe(t, n, r, i, a, o, s, c, l, u) {
	var f, m, g, y, b, w, T, E, D, te, O, ne, re, ie, ae, oe, k, A, j = n.type;
	if (n.constructor !== d) return null;
	128 & r.__u && (l = 32 & r.__u, f = r.__c.__z) && (n.__u |= l, m = o = [], f.nodeType == 8 ? c = se(f, o) : o.push(f), c = o[0] || c), (f = e.__b) && f(n);
	n: if (typeof j == "function") {
		g = s.length;
		try {
			if (E = n.props, D = (f = j.prototype) && f.render, te = (f = j.contextType) && i[f.__c], O = f ? te ? te.props.value : f.__ : i, (y = r.__c) ? (n.__c = y, 2 & y.__g && (y.__g |= 1)) : (D ? n.__c = y = new j(E, O) : (n.__c = y = new S(E, O), y.constructor = j, y.render = de), te && te.sub(y), y.state || (y.state = {}), y.__n = i, y.__g |= 8, y.__h = [], y.__k = []), D && (y.__s || (y.__s = y.state), j.getDerivedStateFromProps && (y.__s == y.state && (y.__s = _({}, y.__s)), _(y.__s, j.getDerivedStateFromProps(E, y.__s)))), b = y.props, w = y.state, y.__v = n, r.__c) {
				if (E !== b && D && !j.getDerivedStateFromProps && y.componentWillReceiveProps && y.componentWillReceiveProps(E, O), n.__v == r.__v && !(8 & y.__g) || !(4 & y.__g) && y.shouldComponentUpdate && !1 === y.shouldComponentUpdate(E, y.__s, O)) {
					n.__v != r.__v && (y.props = E, y.state = y.__s, y.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), p.push.apply(y.__h, y.__k), y.__k = [], y.__h.length && s.push(y), c = C(r);
					break n;
				}
				y.componentWillUpdate && y.componentWillUpdate(E, y.__s, O), D && y.componentDidUpdate && y.__h.push(function() {
					y.componentDidUpdate(b, w, T);
				});
			} else D && !j.getDerivedStateFromProps && y.componentWillMount && y.componentWillMount(), D && y.componentDidMount && y.__h.push(y.componentDidMount);
			y.context = O, y.props = E, y.__P = t, y.__g &= -5, ne = e.__r, re = D ? 25 : 0;
			do
				y.__g &= -9, ne && ne(n), f = y.render(y.props, y.state = y.__s, y.context);
			while (8 & y.__g && ++re < 25);
			D && (p.push.apply(y.__h, y.__k), y.__k = []), y.state = y.__s, y.getChildContext && (i = _({}, i, y.getChildContext())), D && r.__c && y.getSnapshotBeforeUpdate && (T = y.getSnapshotBeforeUpdate(b, w)), ie = f && f.type === x && f.key == null ? f.props.children : f, E.__P && (f = c, a = (t = E.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && ue(e, e);
			}), r.__k = null), c = r.__k ? C(r, 0) : null), c = ee(t, h(ie) ? ie : [ie], n, r, i, a, o, s, c, l, u), E.__P && (n.__e = null, c = f), n.__u &= -161, m && m.some(v), y.__h.length && s.push(y), 1 & y.__g && (y.__g &= -4);
		} catch (t) {
			if (s.length = g, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(k = o.indexOf(c || void 0)) || (k = o.length); (A = o[k - 1]) && A.nodeType == 8;) k--;
						for (; k < o.length; k++) if (A = o[k]) {
							if (o[k] = null, ae) {
								if (A == oe) break;
							} else {
								if (A.nodeType != 8) break;
								A.data.startsWith("$s") && (oe = se(ae = A));
							}
						}
					}
					if (!ae) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						ae = c;
					}
					(f = se(ae = n.__c.__z || (n.__c.__z = ae))) ? (n.__e = ae, c = f) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(v);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || ce(n), e.__e(t, n, r);
		}
	} else c = n.__e = le(r.__e, n, r, i, a, o, s, l, u, t);
	return (f = e.diffed) && f(n), c;
}
function se(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function ce(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(ce));
}
function k(t, n, r) {
	for (var i = 0; i < r.length;) A(r[i++], r[i++], r[i++]);
	e.__c && e.__c(n, t), t.some(function(n) {
		try {
			t = n.__h, n.__h = [], t.some(function(e) {
				e.call(n);
			});
		} catch (t) {
			e.__e(t, n.__v);
		}
	});
}
function le(t, n, r, i, a, o, s, c, l, u) {
	var d, p, _, y, b, x, S, w, T = r.props || f, E = n.props, D = n.type;
	if (D == "svg" ? a = "http://www.w3.org/2000/svg" : D == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((b = o[d]) && (D ? b.localName == D : b.nodeType == 3)) {
			t = b, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (w = u.ownerDocument || document, !D) return w.createTextNode(E);
		t = w.createElementNS(a, D, E.is ? E : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (D) {
		if (u = D == "template" && t.content || t, o = D == "textarea" && E.defaultValue != null ? null : o && g.call(u.childNodes), !c && o) for (T = {}, d = 0; d < t.attributes.length; d++) T[(b = t.attributes[d]).name] = b.value;
		for (d in T) b = T[d], d == "dangerouslySetInnerHTML" ? _ = b : d == "children" || d in E || d == "value" && "defaultValue" in E || d == "checked" && "defaultChecked" in E || ie(t, d, null, b, a);
		for (d in E) b = E[d], d == "children" ? y = b : d == "dangerouslySetInnerHTML" ? p = b : d == "value" ? x = b : d == "checked" ? S = b : c && typeof b != "function" || T[d] === b || ie(t, d, b, T[d], a);
		p ? (c || _ && (p.__html == _.__html || p.__html == t.innerHTML) || (t.innerHTML = p.__html), n.__k = []) : (_ && (t.textContent = ""), (D == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && m.test(D)) && (a = "http://www.w3.org/1999/xhtml"), ee(u, h(y) ? y : [y], n, r, i, a, o, s, o ? o[0] : r.__k && C(r, 0), c, l), o && o.some(v)), c && D != "textarea" || (d = "value", D == "progress" && x == null ? t.removeAttribute(d) : x == null || x === t[d] && (D != "progress" || x) || ie(t, d, x, T[d], a), d = "checked", S != null && S != t[d] && ie(t, d, S, T[d], a));
	} else T === E || c && t.data == E || (t.data = E);
	return t;
}
function A(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function ue(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || A(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && ue(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = se(i, o = [])) && (i == t.__e && o.some(v), v(a), v(i)), r || v(t.__e), t.__e = t.__c = t.__ = null;
}
function de(e, t, n) {
	return this.constructor(e, n);
}
function j(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = b(x, { children: [t] }), a = [], o = [], oe(n, n.__k, i || f, f, n.namespaceURI, i ? null : n.firstChild ? g.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), k(a, n.__k, o), n.__k.props.children = null;
}
e = { __e: function(e, t, n, r) {
	for (var i, o, s; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((s = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(e)), i.componentDidCatch && (i.componentDidCatch(e, r || {}), s = 1), s && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			e = t;
		}
	}
	throw a = 0, e;
} }, t = 0, n = function(e) {
	return e != null && e.constructor === d;
}, S.prototype.setState = function(e, t) {
	var n = this.__s;
	n && n != this.state || (n = this.__s = _({}, this.state)), typeof e == "function" && (e = e(_({}, n), this.props)), e && (_(n, e), this.__v && (t && this.__k.push(t), E(this)));
}, S.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), E(this));
}, S.prototype.render = x, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {};
// node_modules/preact/hooks/dist/hooks.mjs
var fe, M, pe, me, he = Object.is, ge = 0, _e = [], ve = [], N = e, ye = N.__b, be = N.__r, xe = N.diffed, Se = N.__c, Ce = N.unmount, we = N.__;
function Te(e, t) {
	N.__h && N.__h(M, e, ge || t), ge = 0;
	var n = M.__H || (M.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function Ee(e, t) {
	var n = Te(fe++, 3);
	!N.__s && Fe(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, M.__H.__h.push(n));
}
function De(e) {
	return ge = 5, Oe(function() {
		return { current: e };
	}, []);
}
function Oe(e, t) {
	var n = Te(fe++, 7);
	return Fe(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function ke() {
	var e;
	do {
		for (; e = ve.shift();) try {
			Ne(e);
		} catch (t) {
			N.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = _e.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(Ne), t.__h.some(Pe), t.__h = [];
			} catch (n) {
				t.__h = [], N.__e(n, e.__v);
			}
		}
	} while (ve.length);
}
N.__b = function(e) {
	M = null, ye && ye(e);
}, N.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), we && we(e, t);
}, N.__r = function(e) {
	be && be(e), fe = 0;
	var t = (M = e.__c).__H;
	t && (pe == M ? M.__h = [] : (t.__h.some(Ne), t.__h.some(Pe), fe = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), pe = M;
}, N.diffed = function(e) {
	xe && xe(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && Me(_e.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), pe = M = null;
}, N.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(Ne), e.__h = e.__h.filter(function(e) {
				return !e.__ || Pe(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Se && Se(e, t);
}, N.unmount = function(e) {
	Ce && Ce(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, Me(ve.push(r));
			} else Ne(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && N.__e(t, r.__v));
};
var Ae = typeof requestAnimationFrame == "function";
function je(e) {
	var t, n = function() {
		clearTimeout(r), Ae && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Ae && (t = requestAnimationFrame(n));
}
function Me(e) {
	e != 1 && me == N.requestAnimationFrame || ((me = N.requestAnimationFrame) || je)(ke);
}
function Ne(e) {
	var t = M, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), M = t;
}
function Pe(e) {
	var t = M;
	e.__c = e.__(), M = t;
}
function Fe(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !he(t, e[n]);
	});
}
// src/model/graph.ts
var Ie = [
	"q",
	"k",
	"v",
	""
], Le = class {
	shape;
	nodes = [];
	readerParts = [];
	fed = [];
	readerNames = [];
	logits;
	constructor(e) {
		this.shape = e;
		for (let t of e.embeddings) this.nodes.push({
			name: t,
			kind: "embedding",
			layer: -1,
			head: 0
		});
		for (let t = 0; t < e.layers; t++) {
			let n = this.nodes.length;
			for (let n = 0; n < e.heads; n++) this.nodes.push({
				name: `a${t}.h${n}`,
				kind: "head",
				layer: t,
				head: n
			});
			e.mlps && this.nodes.push({
				name: `m${t}`,
				kind: "mlp",
				layer: t,
				head: e.heads
			}), this.addReaders(t, n);
		}
		this.logits = this.nodes.length, this.nodes.push({
			name: "logits",
			kind: "logits",
			layer: e.layers,
			head: 0
		}), this.addReader("logits", "", [this.logits]);
	}
	addReaders(e, t) {
		let { heads: n, key_readers: r, mlps: i } = this.shape;
		for (let i of [
			"q",
			"k",
			"v"
		]) {
			let a = i === "q" ? n : r, o = n / a;
			for (let n = 0; n < a; n++) {
				let r = Array.from({ length: o }, (e, r) => t + n * o + r);
				this.addReader(`a${e}.h${n}<${i}>`, i, r);
			}
		}
		i && this.addReader(`m${e}`, "", [t + n]);
	}
	addReader(e, t, n) {
		this.readerNames.push(e), this.readerParts.push(t), this.fed.push(n);
	}
	key(e, t) {
		return e * this.nodes.length + t;
	}
	edgeName(e, t) {
		return `${this.nodes[t].name}->${this.readerNames[e]}`;
	}
	nodeOf(e) {
		return this.nodes.findIndex((t) => t.name === e);
	}
};
// src/model/filters.ts
function Re(e) {
	return {
		layers: [-1, e.graph.shape.layers],
		sign: "all",
		parts: [...Ie],
		role: ""
	};
}
function ze(e, t, n) {
	let { graph: r, edges: i } = e, [a, o] = n.layers, s = new Set(n.parts), c = n.role && new Set((e.data.roles[n.role] ?? []).map((e) => r.nodeOf(e)));
	return t.filter((e) => {
		let t = i.sources[e], l = i.readers[e], u = r.fed[l];
		if (!s.has(r.readerParts[l]) || r.nodes[t].layer < a || r.nodes[u[0]].layer > o) return !1;
		let d = i.scores[e];
		return n.sign !== "all" && (n.sign === "+" ? d <= 0 : d >= 0) ? !1 : !c || c.has(t) || u.some((e) => c.has(e));
	});
}
// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Be = Symbol.for("pv"), Ve = 0;
Array.isArray;
function P(t, n, r, i, a, o) {
	n ||= {};
	var s, c, l = n;
	if ("ref" in l && typeof t != "function") for (c in l = {}, n) c == "ref" ? s = n[c] : l[c] = n[c];
	var u = {
		type: t,
		props: l,
		key: r,
		ref: s,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: Be,
		__v: --Ve,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/parts/Controls.tsx
var He = {
	q: "query",
	k: "key",
	v: "value",
	"": "MLP, logits"
};
function Ue({ session: e }) {
	return /* @__PURE__ */ P("section", {
		class: "panel controls",
		"aria-label": "Find and filter",
		children: [
			/* @__PURE__ */ P("h2", { children: "Find and filter" }),
			/* @__PURE__ */ P(We, { session: e }),
			/* @__PURE__ */ P(Ge, { session: e }),
			/* @__PURE__ */ P(Ke, { session: e })
		]
	});
}
function We({ session: e }) {
	let { search: t } = e.view.value, [n] = e.sides, r = [...n.found.value].map((e) => n.run.graph.nodes[e].name), i = t ? r.length ? r.slice(0, 6).join(", ") + (r.length > 6 ? ` and ${r.length - 6} more` : "") : "nothing found" : "";
	return /* @__PURE__ */ P("form", {
		class: "search",
		role: "search",
		onSubmit: (t) => {
			t.preventDefault(), r.length && e.change({ pin: r[0] });
		},
		children: [/* @__PURE__ */ P("label", { children: ["Search", /* @__PURE__ */ P("input", {
			type: "search",
			value: t,
			placeholder: "9.9, a9.h9, m3, layer 4, a role",
			onInput: (t) => e.change({ search: t.currentTarget.value })
		})] }), /* @__PURE__ */ P("output", {
			class: "told",
			children: i
		})]
	});
}
function Ge({ session: e }) {
	let { filters: t } = e.view.value, { layers: n } = e.sides[0].run.graph.shape, r = Object.keys(e.sides[0].run.data.roles), i = (n) => e.change({ filters: {
		...t,
		...n
	} }), [a, o] = t.layers, s = Array.from({ length: n + 2 }, (e, t) => t - 1), c = (e) => e < 0 ? "embedding" : e === n ? "logits" : `layer ${e}`, l = (e, t, n) => /* @__PURE__ */ P("label", { children: [e, /* @__PURE__ */ P("select", {
		value: t,
		onChange: (e) => n(Number(e.currentTarget.value)),
		children: s.map((e) => /* @__PURE__ */ P("option", {
			value: e,
			children: c(e)
		}, e))
	})] });
	return /* @__PURE__ */ P("div", {
		class: "filters",
		children: [
			/* @__PURE__ */ P("div", {
				class: "pair",
				children: [l("From", a, (e) => i({ layers: [e, Math.max(e, o)] })), l("To", o, (e) => i({ layers: [Math.min(e, a), e] }))]
			}),
			/* @__PURE__ */ P("div", {
				class: "pair",
				children: [/* @__PURE__ */ P("label", { children: ["Sign", /* @__PURE__ */ P("select", {
					value: t.sign,
					onChange: (e) => i({ sign: e.currentTarget.value }),
					children: [
						/* @__PURE__ */ P("option", {
							value: "all",
							children: "both"
						}),
						/* @__PURE__ */ P("option", {
							value: "+",
							children: "positive: helps"
						}),
						/* @__PURE__ */ P("option", {
							value: "-",
							children: "negative: harms"
						})
					]
				})] }), r.length > 0 && /* @__PURE__ */ P("label", { children: ["Role", /* @__PURE__ */ P("select", {
					value: t.role,
					onChange: (e) => i({ role: e.currentTarget.value }),
					children: [/* @__PURE__ */ P("option", {
						value: "",
						children: "any"
					}), r.map((e) => /* @__PURE__ */ P("option", {
						value: e,
						children: e
					}, e))]
				})] })]
			}),
			/* @__PURE__ */ P("fieldset", { children: [/* @__PURE__ */ P("legend", { children: "Into" }), Ie.map((e) => /* @__PURE__ */ P("label", { children: [/* @__PURE__ */ P("input", {
				type: "checkbox",
				checked: t.parts.includes(e),
				onChange: (n) => {
					let r = n.currentTarget.checked;
					i({ parts: Ie.filter((n) => n === e ? r : t.parts.includes(n)) });
				}
			}), He[e]] }, e))] }),
			/* @__PURE__ */ P("button", {
				type: "button",
				onClick: () => e.change({
					filters: Re(e.sides[0].run),
					search: ""
				}),
				children: "Clear"
			})
		]
	});
}
function Ke({ session: e }) {
	let { view: t } = e;
	return /* @__PURE__ */ P("div", {
		class: "choices",
		children: [(e.sides.length > 1 || e.sides[0].run.known !== null) && /* @__PURE__ */ P("label", { children: [/* @__PURE__ */ P("input", {
			type: "checkbox",
			checked: t.value.truth,
			onChange: (t) => e.change({ truth: t.currentTarget.checked })
		}), e.sides.length > 1 ? "Colour by which run has an edge" : "Colour by the known circuit"] }), /* @__PURE__ */ P("label", { children: [/* @__PURE__ */ P("input", {
			type: "checkbox",
			checked: t.value.arrangement === "compact",
			onChange: (t) => e.change({ arrangement: t.currentTarget.checked ? "compact" : "grid" })
		}), "Only the nodes of the circuit"] })]
	});
}
// node_modules/@preact/signals-core/dist/signals-core.module.js
var qe = Symbol.for("preact-signals");
function Je() {
	if (I > 1) I--;
	else {
		var e, t = !1;
		for ((function() {
			var e = nt;
			for (nt = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); Qe !== void 0;) {
			var n = Qe;
			for (Qe = void 0, $e++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && ot(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if ($e = 0, I--, t) throw e;
	}
}
function Ye(e) {
	if (I > 0) return e();
	tt = ++et, I++;
	try {
		return e();
	} finally {
		Je();
	}
}
var Xe, F = void 0;
function Ze(e) {
	var t = F, n = Xe;
	F = void 0, Xe = void 0;
	try {
		return e();
	} finally {
		F = t, Xe = n;
	}
}
var Qe = void 0, I = 0, $e = 0, et = 0, tt = 0, nt = void 0, rt = 0;
function it(e) {
	if (F !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== F) return t = {
			i: 0,
			S: e,
			p: F.s,
			n: void 0,
			t: F,
			e: void 0,
			x: void 0,
			r: t
		}, F.s !== void 0 && (F.s.n = t), F.s = t, e.n = t, 32 & F.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = F.s, t.n = void 0, F.s.n = t, F.s = t), t;
	}
}
function L(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
L.prototype.brand = qe, L.prototype.h = function() {
	return !0;
}, L.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? Ze(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, L.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && Ze(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, L.prototype.subscribe = function(e) {
	var t = this;
	return z(function() {
		var n = t.value;
		Ze(function() {
			return e(n);
		});
	}, { name: "sub" });
}, L.prototype.valueOf = function() {
	return this.value;
}, L.prototype.toString = function() {
	return this.value + "";
}, L.prototype.toJSON = function() {
	return this.value;
}, L.prototype.peek = function() {
	var e = this;
	return Ze(function() {
		return e.value;
	});
}, Object.defineProperty(L.prototype, "value", {
	get: function() {
		var e = it(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if ($e > 100) throw Error("Cycle detected");
			(function(e) {
				I !== 0 && $e === 0 && e.l !== tt && (e.l = tt, nt = {
					S: e,
					v: e.v,
					i: e.i,
					o: nt
				});
			})(this), this.v = e, this.i++, rt++, I++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				Je();
			}
		}
	}
});
function at(e, t) {
	return new L(e, t);
}
function ot(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function st(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function ct(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function lt(e, t) {
	L.call(this, void 0, t), this.x = e, this.s = void 0, this.g = rt - 1, this.f = 4;
}
lt.prototype = new L(), lt.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === rt)) return !0;
	if (this.g = rt, this.f |= 1, this.i > 0 && !ot(this)) return this.f &= -2, !0;
	var e = F;
	try {
		st(this), F = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return F = e, ct(this), this.f &= -2, !0;
}, lt.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	L.prototype.S.call(this, e);
}, lt.prototype.U = function(e) {
	if (this.t !== void 0 && (L.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, lt.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(lt.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = it(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function R(e, t) {
	return new lt(e, t);
}
function ut(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		I++;
		var n = F;
		F = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, dt(e), t;
		} finally {
			F = n, Je();
		}
	}
}
function dt(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, ut(e);
}
function ft(e) {
	if (F !== this) throw Error("Out-of-order effect");
	ct(this), F = e, this.f &= -2;
	try {
		8 & this.f && dt(this);
	} finally {
		Je();
	}
}
function pt(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, Xe && Xe.push(this);
}
pt.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, pt.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, ut(this), st(this), I++;
	var e = F;
	return F = this, ft.bind(this, e);
}, pt.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = Qe, Qe = this);
}, pt.prototype.d = function() {
	this.f |= 8, 1 & this.f || dt(this);
}, pt.prototype.dispose = function() {
	this.d();
};
function z(e, t) {
	var n = new pt(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// node_modules/@preact/signals/dist/signals.module.js
var mt, ht, gt, _t = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, vt = [], yt = [];
z(function() {
	mt = this.N;
})();
function bt(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function xt(e) {
	if (gt) {
		var t = gt;
		gt = void 0, t();
	}
	gt = e && e.S();
}
function St(e) {
	var t = this, r = e.data, i = wt(r);
	i.name = "ReactiveDom", i.value = r;
	var a = Oe(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = R(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = R(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = z(function() {
			if (this.N = jt, o.value) {
				var t = a.value;
				e.__v && e.__v.__e && e.__v.__e.nodeType === 3 && (e.__v.__e.data = t);
			}
		}), c = t.__$u.d;
		return t.__$u.d = function() {
			s(), c.call(this);
		}, [o, a];
	}, []), o = a[0], s = a[1];
	return o.value ? s.peek() : s.value;
}
St.displayName = "ReactiveTextNode", Object.defineProperties(L.prototype, {
	constructor: {
		configurable: !0,
		value: y(x, null).constructor
	},
	type: {
		configurable: !0,
		value: St
	},
	props: {
		configurable: !0,
		get: function() {
			var e = this;
			return { data: { get value() {
				return e.value;
			} } };
		}
	},
	__b: {
		configurable: !0,
		value: 1
	}
}), bt("__b", function(e, t) {
	if (xt(), ht = void 0, typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof L && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), bt("__r", function(e, t) {
	if (e(t), t.type !== x) {
		xt();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return z(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				_t && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), ht = r, xt(n);
	}
}), bt("__e", function(e, t, n, r) {
	xt(), ht = void 0, e(t, n, r);
}), bt("diffed", function(e, t) {
	xt(), ht = void 0;
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = Ct(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function Ct(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = at(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: z(function() {
			this.N = jt;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
bt("unmount", function(e, t) {
	if (typeof t.type == "string") {
		var n = t.__e;
		if (n) {
			var r = n.U;
			if (r) for (var i in n.U = void 0, r) {
				var a = r[i];
				a && a.d();
			}
		}
		var o = t.__np;
		if (o) {
			var s = t.props;
			for (var c in o) s[c] = o[c];
		}
		t.__np = void 0;
	} else {
		var l = t.__c;
		if (l) {
			l.__$f |= 8;
			var u = l.__$u;
			u && (l.__$u = void 0, u.d());
		}
	}
	e(t);
}), bt("__h", function(e, t, n, r) {
	r < 3 && (t.__$f |= 2), e(t, n, r);
}), S.prototype.shouldComponentUpdate = function(e, t) {
	if (this.__R) return !0;
	var n = this.__$u, r = n && n.s !== void 0;
	for (var i in t) return !0;
	if (this.__f || typeof this.u == "boolean" && !0 === this.u) {
		var a = 2 & this.__$f;
		if (!(r || a || 4 & this.__$f) || 1 & this.__$f) return !0;
	} else if (!(r || 4 & this.__$f) || 3 & this.__$f) return !0;
	for (var o in e) if (o !== "__source" && e[o] !== this.props[o]) return !0;
	for (var s in this.props) if (!(s in e)) return !0;
	return !1;
};
function wt(e, t) {
	return Oe(function() {
		return at(e, t);
	}, []);
}
function Tt(e, t) {
	var n = De(e);
	return n.current = e, ht.__$f |= 4, Oe(function() {
		return R(function() {
			return n.current();
		}, t);
	}, []);
}
var Et = typeof requestAnimationFrame > "u" ? setTimeout : function(e) {
	var t = function() {
		clearTimeout(n), cancelAnimationFrame(r), e();
	}, n = setTimeout(t, 35), r = requestAnimationFrame(t);
}, Dt = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function Ot() {
	Ye(function() {
		for (var e; e = vt.shift();) mt.call(e);
	});
}
function kt() {
	vt.push(this) === 1 && (e.requestAnimationFrame || Et)(Ot);
}
function At() {
	Ye(function() {
		for (var e; e = yt.shift();) mt.call(e);
	});
}
function jt() {
	yt.push(this) === 1 && (e.requestAnimationFrame || Dt)(At);
}
function Mt(e, t) {
	var n = De(e);
	n.current = e;
	var r = ht;
	Ee(function() {
		return z(function() {
			if (this.N = kt, !(r && 8 & r.__$f)) return n.current();
		}, t);
	}, []);
}
// node_modules/d3-selection/dist/d3-selection.mjs
var Nt = "http://www.w3.org/1999/xhtml", Pt = {
	svg: "http://www.w3.org/2000/svg",
	xhtml: Nt,
	xlink: "http://www.w3.org/1999/xlink",
	xml: "http://www.w3.org/XML/1998/namespace",
	xmlns: "http://www.w3.org/2000/xmlns/"
};
function Ft(e) {
	var t = e += "", n = t.indexOf(":");
	return n >= 0 && (t = e.slice(0, n)) !== "xmlns" && (e = e.slice(n + 1)), Pt.hasOwnProperty(t) ? {
		space: Pt[t],
		local: e
	} : e;
}
function It(e) {
	return function() {
		var t = this.ownerDocument, n = this.namespaceURI;
		return n === Nt && t.documentElement.namespaceURI === Nt ? t.createElement(e) : t.createElementNS(n, e);
	};
}
function Lt(e) {
	return function() {
		return this.ownerDocument.createElementNS(e.space, e.local);
	};
}
function Rt(e) {
	var t = Ft(e);
	return (t.local ? Lt : It)(t);
}
function zt() {}
function Bt(e) {
	return e == null ? zt : function() {
		return this.querySelector(e);
	};
}
function Vt(e) {
	typeof e != "function" && (e = Bt(e));
	for (var t = this._groups, n = t.length, r = Array(n), i = 0; i < n; ++i) for (var a = t[i], o = a.length, s = r[i] = Array(o), c, l, u = 0; u < o; ++u) (c = a[u]) && (l = e.call(c, c.__data__, u, a)) && ("__data__" in c && (l.__data__ = c.__data__), s[u] = l);
	return new B(r, this._parents);
}
function Ht(e) {
	return e == null ? [] : Array.isArray(e) ? e : Array.from(e);
}
function Ut() {
	return [];
}
function Wt(e) {
	return e == null ? Ut : function() {
		return this.querySelectorAll(e);
	};
}
function Gt(e) {
	return function() {
		return Ht(e.apply(this, arguments));
	};
}
function Kt(e) {
	e = typeof e == "function" ? Gt(e) : Wt(e);
	for (var t = this._groups, n = t.length, r = [], i = [], a = 0; a < n; ++a) for (var o = t[a], s = o.length, c, l = 0; l < s; ++l) (c = o[l]) && (r.push(e.call(c, c.__data__, l, o)), i.push(c));
	return new B(r, i);
}
function qt(e) {
	return function() {
		return this.matches(e);
	};
}
function Jt(e) {
	return function(t) {
		return t.matches(e);
	};
}
var Yt = Array.prototype.find;
function Xt(e) {
	return function() {
		return Yt.call(this.children, e);
	};
}
function Zt() {
	return this.firstElementChild;
}
function Qt(e) {
	return this.select(e == null ? Zt : Xt(typeof e == "function" ? e : Jt(e)));
}
var $t = Array.prototype.filter;
function en() {
	return Array.from(this.children);
}
function tn(e) {
	return function() {
		return $t.call(this.children, e);
	};
}
function nn(e) {
	return this.selectAll(e == null ? en : tn(typeof e == "function" ? e : Jt(e)));
}
function rn(e) {
	typeof e != "function" && (e = qt(e));
	for (var t = this._groups, n = t.length, r = Array(n), i = 0; i < n; ++i) for (var a = t[i], o = a.length, s = r[i] = [], c, l = 0; l < o; ++l) (c = a[l]) && e.call(c, c.__data__, l, a) && s.push(c);
	return new B(r, this._parents);
}
function an(e) {
	return Array(e.length);
}
function on() {
	return new B(this._enter || this._groups.map(an), this._parents);
}
function sn(e, t) {
	this.ownerDocument = e.ownerDocument, this.namespaceURI = e.namespaceURI, this._next = null, this._parent = e, this.__data__ = t;
}
sn.prototype = {
	constructor: sn,
	appendChild: function(e) {
		return this._parent.insertBefore(e, this._next);
	},
	insertBefore: function(e, t) {
		return this._parent.insertBefore(e, t);
	},
	querySelector: function(e) {
		return this._parent.querySelector(e);
	},
	querySelectorAll: function(e) {
		return this._parent.querySelectorAll(e);
	}
};
function cn(e) {
	return function() {
		return e;
	};
}
function ln(e, t, n, r, i, a) {
	for (var o = 0, s, c = t.length, l = a.length; o < l; ++o) (s = t[o]) ? (s.__data__ = a[o], r[o] = s) : n[o] = new sn(e, a[o]);
	for (; o < c; ++o) (s = t[o]) && (i[o] = s);
}
function un(e, t, n, r, i, a, o) {
	var s, c, l = /* @__PURE__ */ new Map(), u = t.length, d = a.length, f = Array(u), p;
	for (s = 0; s < u; ++s) (c = t[s]) && (f[s] = p = o.call(c, c.__data__, s, t) + "", l.has(p) ? i[s] = c : l.set(p, c));
	for (s = 0; s < d; ++s) p = o.call(e, a[s], s, a) + "", (c = l.get(p)) ? (r[s] = c, c.__data__ = a[s], l.delete(p)) : n[s] = new sn(e, a[s]);
	for (s = 0; s < u; ++s) (c = t[s]) && l.get(f[s]) === c && (i[s] = c);
}
function dn(e) {
	return e.__data__;
}
function fn(e, t) {
	if (!arguments.length) return Array.from(this, dn);
	var n = t ? un : ln, r = this._parents, i = this._groups;
	typeof e != "function" && (e = cn(e));
	for (var a = i.length, o = Array(a), s = Array(a), c = Array(a), l = 0; l < a; ++l) {
		var u = r[l], d = i[l], f = d.length, p = pn(e.call(u, u && u.__data__, l, r)), m = p.length, h = s[l] = Array(m), g = o[l] = Array(m);
		n(u, d, h, g, c[l] = Array(f), p, t);
		for (var _ = 0, v = 0, y, b; _ < m; ++_) if (y = h[_]) {
			for (_ >= v && (v = _ + 1); !(b = g[v]) && ++v < m;);
			y._next = b || null;
		}
	}
	return o = new B(o, r), o._enter = s, o._exit = c, o;
}
function pn(e) {
	return typeof e == "object" && "length" in e ? e : Array.from(e);
}
function mn() {
	return new B(this._exit || this._groups.map(an), this._parents);
}
function hn(e, t, n) {
	var r = this.enter(), i = this, a = this.exit();
	return typeof e == "function" ? (r = e(r), r &&= r.selection()) : r = r.append(e + ""), t != null && (i = t(i), i &&= i.selection()), n == null ? a.remove() : n(a), r && i ? r.merge(i).order() : i;
}
function gn(e) {
	for (var t = e.selection ? e.selection() : e, n = this._groups, r = t._groups, i = n.length, a = r.length, o = Math.min(i, a), s = Array(i), c = 0; c < o; ++c) for (var l = n[c], u = r[c], d = l.length, f = s[c] = Array(d), p, m = 0; m < d; ++m) (p = l[m] || u[m]) && (f[m] = p);
	for (; c < i; ++c) s[c] = n[c];
	return new B(s, this._parents);
}
function _n() {
	for (var e = this._groups, t = -1, n = e.length; ++t < n;) for (var r = e[t], i = r.length - 1, a = r[i], o; --i >= 0;) (o = r[i]) && (a && o.compareDocumentPosition(a) ^ 4 && a.parentNode.insertBefore(o, a), a = o);
	return this;
}
function vn(e) {
	e ||= yn;
	function t(t, n) {
		return t && n ? e(t.__data__, n.__data__) : !t - !n;
	}
	for (var n = this._groups, r = n.length, i = Array(r), a = 0; a < r; ++a) {
		for (var o = n[a], s = o.length, c = i[a] = Array(s), l, u = 0; u < s; ++u) (l = o[u]) && (c[u] = l);
		c.sort(t);
	}
	return new B(i, this._parents).order();
}
function yn(e, t) {
	return e < t ? -1 : e > t ? 1 : e >= t ? 0 : NaN;
}
function bn() {
	var e = arguments[0];
	return arguments[0] = this, e.apply(null, arguments), this;
}
function xn() {
	return Array.from(this);
}
function Sn() {
	for (var e = this._groups, t = 0, n = e.length; t < n; ++t) for (var r = e[t], i = 0, a = r.length; i < a; ++i) {
		var o = r[i];
		if (o) return o;
	}
	return null;
}
function Cn() {
	let e = 0;
	for (let t of this) ++e;
	return e;
}
function wn() {
	return !this.node();
}
function Tn(e) {
	for (var t = this._groups, n = 0, r = t.length; n < r; ++n) for (var i = t[n], a = 0, o = i.length, s; a < o; ++a) (s = i[a]) && e.call(s, s.__data__, a, i);
	return this;
}
function En(e) {
	return function() {
		this.removeAttribute(e);
	};
}
function Dn(e) {
	return function() {
		this.removeAttributeNS(e.space, e.local);
	};
}
function On(e, t) {
	return function() {
		this.setAttribute(e, t);
	};
}
function kn(e, t) {
	return function() {
		this.setAttributeNS(e.space, e.local, t);
	};
}
function An(e, t) {
	return function() {
		var n = t.apply(this, arguments);
		n == null ? this.removeAttribute(e) : this.setAttribute(e, n);
	};
}
function jn(e, t) {
	return function() {
		var n = t.apply(this, arguments);
		n == null ? this.removeAttributeNS(e.space, e.local) : this.setAttributeNS(e.space, e.local, n);
	};
}
function Mn(e, t) {
	var n = Ft(e);
	if (arguments.length < 2) {
		var r = this.node();
		return n.local ? r.getAttributeNS(n.space, n.local) : r.getAttribute(n);
	}
	return this.each((t == null ? n.local ? Dn : En : typeof t == "function" ? n.local ? jn : An : n.local ? kn : On)(n, t));
}
function Nn(e) {
	return e.ownerDocument && e.ownerDocument.defaultView || e.document && e || e.defaultView;
}
function Pn(e) {
	return function() {
		this.style.removeProperty(e);
	};
}
function Fn(e, t, n) {
	return function() {
		this.style.setProperty(e, t, n);
	};
}
function In(e, t, n) {
	return function() {
		var r = t.apply(this, arguments);
		r == null ? this.style.removeProperty(e) : this.style.setProperty(e, r, n);
	};
}
function Ln(e, t, n) {
	return arguments.length > 1 ? this.each((t == null ? Pn : typeof t == "function" ? In : Fn)(e, t, n ?? "")) : Rn(this.node(), e);
}
function Rn(e, t) {
	return e.style.getPropertyValue(t) || Nn(e).getComputedStyle(e, null).getPropertyValue(t);
}
function zn(e) {
	return function() {
		delete this[e];
	};
}
function Bn(e, t) {
	return function() {
		this[e] = t;
	};
}
function Vn(e, t) {
	return function() {
		var n = t.apply(this, arguments);
		n == null ? delete this[e] : this[e] = n;
	};
}
function Hn(e, t) {
	return arguments.length > 1 ? this.each((t == null ? zn : typeof t == "function" ? Vn : Bn)(e, t)) : this.node()[e];
}
function Un(e) {
	return e.trim().split(/^|\s+/);
}
function Wn(e) {
	return e.classList || new Gn(e);
}
function Gn(e) {
	this._node = e, this._names = Un(e.getAttribute("class") || "");
}
Gn.prototype = {
	add: function(e) {
		this._names.indexOf(e) < 0 && (this._names.push(e), this._node.setAttribute("class", this._names.join(" ")));
	},
	remove: function(e) {
		var t = this._names.indexOf(e);
		t >= 0 && (this._names.splice(t, 1), this._node.setAttribute("class", this._names.join(" ")));
	},
	contains: function(e) {
		return this._names.indexOf(e) >= 0;
	}
};
function Kn(e, t) {
	for (var n = Wn(e), r = -1, i = t.length; ++r < i;) n.add(t[r]);
}
function qn(e, t) {
	for (var n = Wn(e), r = -1, i = t.length; ++r < i;) n.remove(t[r]);
}
function Jn(e) {
	return function() {
		Kn(this, e);
	};
}
function Yn(e) {
	return function() {
		qn(this, e);
	};
}
function Xn(e, t) {
	return function() {
		(t.apply(this, arguments) ? Kn : qn)(this, e);
	};
}
function Zn(e, t) {
	var n = Un(e + "");
	if (arguments.length < 2) {
		for (var r = Wn(this.node()), i = -1, a = n.length; ++i < a;) if (!r.contains(n[i])) return !1;
		return !0;
	}
	return this.each((typeof t == "function" ? Xn : t ? Jn : Yn)(n, t));
}
function Qn() {
	this.textContent = "";
}
function $n(e) {
	return function() {
		this.textContent = e;
	};
}
function er(e) {
	return function() {
		var t = e.apply(this, arguments);
		this.textContent = t ?? "";
	};
}
function tr(e) {
	return arguments.length ? this.each(e == null ? Qn : (typeof e == "function" ? er : $n)(e)) : this.node().textContent;
}
function nr() {
	this.innerHTML = "";
}
function rr(e) {
	return function() {
		this.innerHTML = e;
	};
}
function ir(e) {
	return function() {
		var t = e.apply(this, arguments);
		this.innerHTML = t ?? "";
	};
}
function ar(e) {
	return arguments.length ? this.each(e == null ? nr : (typeof e == "function" ? ir : rr)(e)) : this.node().innerHTML;
}
function or() {
	this.nextSibling && this.parentNode.appendChild(this);
}
function sr() {
	return this.each(or);
}
function cr() {
	this.previousSibling && this.parentNode.insertBefore(this, this.parentNode.firstChild);
}
function lr() {
	return this.each(cr);
}
function ur(e) {
	var t = typeof e == "function" ? e : Rt(e);
	return this.select(function() {
		return this.appendChild(t.apply(this, arguments));
	});
}
function dr() {
	return null;
}
function fr(e, t) {
	var n = typeof e == "function" ? e : Rt(e), r = t == null ? dr : typeof t == "function" ? t : Bt(t);
	return this.select(function() {
		return this.insertBefore(n.apply(this, arguments), r.apply(this, arguments) || null);
	});
}
function pr() {
	var e = this.parentNode;
	e && e.removeChild(this);
}
function mr() {
	return this.each(pr);
}
function hr() {
	var e = this.cloneNode(!1), t = this.parentNode;
	return t ? t.insertBefore(e, this.nextSibling) : e;
}
function gr() {
	var e = this.cloneNode(!0), t = this.parentNode;
	return t ? t.insertBefore(e, this.nextSibling) : e;
}
function _r(e) {
	return this.select(e ? gr : hr);
}
function vr(e) {
	return arguments.length ? this.property("__data__", e) : this.node().__data__;
}
function yr(e) {
	return function(t) {
		e.call(this, t, this.__data__);
	};
}
function br(e) {
	return e.trim().split(/^|\s+/).map(function(e) {
		var t = "", n = e.indexOf(".");
		return n >= 0 && (t = e.slice(n + 1), e = e.slice(0, n)), {
			type: e,
			name: t
		};
	});
}
function xr(e) {
	return function() {
		var t = this.__on;
		if (t) {
			for (var n = 0, r = -1, i = t.length, a; n < i; ++n) a = t[n], (!e.type || a.type === e.type) && a.name === e.name ? this.removeEventListener(a.type, a.listener, a.options) : t[++r] = a;
			++r ? t.length = r : delete this.__on;
		}
	};
}
function Sr(e, t, n) {
	return function() {
		var r = this.__on, i, a = yr(t);
		if (r) {
			for (var o = 0, s = r.length; o < s; ++o) if ((i = r[o]).type === e.type && i.name === e.name) {
				this.removeEventListener(i.type, i.listener, i.options), this.addEventListener(i.type, i.listener = a, i.options = n), i.value = t;
				return;
			}
		}
		this.addEventListener(e.type, a, n), i = {
			type: e.type,
			name: e.name,
			value: t,
			listener: a,
			options: n
		}, r ? r.push(i) : this.__on = [i];
	};
}
function Cr(e, t, n) {
	var r = br(e + ""), i, a = r.length, o;
	if (arguments.length < 2) {
		var s = this.node().__on;
		if (s) {
			for (var c = 0, l = s.length, u; c < l; ++c) for (i = 0, u = s[c]; i < a; ++i) if ((o = r[i]).type === u.type && o.name === u.name) return u.value;
		}
	} else {
		for (s = t ? Sr : xr, i = 0; i < a; ++i) this.each(s(r[i], t, n));
		return this;
	}
}
function wr(e, t, n) {
	var r = Nn(e), i = r.CustomEvent;
	typeof i == "function" ? i = new i(t, n) : (i = r.document.createEvent("Event"), n ? (i.initEvent(t, n.bubbles, n.cancelable), i.detail = n.detail) : i.initEvent(t, !1, !1)), e.dispatchEvent(i);
}
function Tr(e, t) {
	return function() {
		return wr(this, e, t);
	};
}
function Er(e, t) {
	return function() {
		return wr(this, e, t.apply(this, arguments));
	};
}
function Dr(e, t) {
	return this.each((typeof t == "function" ? Er : Tr)(e, t));
}
function* Or() {
	for (var e = this._groups, t = 0, n = e.length; t < n; ++t) for (var r = e[t], i = 0, a = r.length, o; i < a; ++i) (o = r[i]) && (yield o);
}
var kr = [null];
function B(e, t) {
	this._groups = e, this._parents = t;
}
function Ar() {
	return new B([[document.documentElement]], kr);
}
function jr() {
	return this;
}
B.prototype = Ar.prototype = {
	constructor: B,
	select: Vt,
	selectAll: Kt,
	selectChild: Qt,
	selectChildren: nn,
	filter: rn,
	data: fn,
	enter: on,
	exit: mn,
	join: hn,
	merge: gn,
	selection: jr,
	order: _n,
	sort: vn,
	call: bn,
	nodes: xn,
	node: Sn,
	size: Cn,
	empty: wn,
	each: Tn,
	attr: Mn,
	style: Ln,
	property: Hn,
	classed: Zn,
	text: tr,
	html: ar,
	raise: sr,
	lower: lr,
	append: ur,
	insert: fr,
	remove: mr,
	clone: _r,
	datum: vr,
	on: Cr,
	dispatch: Dr,
	[Symbol.iterator]: Or
};
function V(e) {
	return typeof e == "string" ? new B([[document.querySelector(e)]], [document.documentElement]) : new B([[e]], kr);
}
var Mr = 0;
function Nr() {
	return new Pr();
}
function Pr() {
	this._ = "@" + (++Mr).toString(36);
}
Pr.prototype = Nr.prototype = {
	constructor: Pr,
	get: function(e) {
		for (var t = this._; !(t in e);) if (!(e = e.parentNode)) return;
		return e[t];
	},
	set: function(e, t) {
		return e[this._] = t;
	},
	remove: function(e) {
		return this._ in e && delete e[this._];
	},
	toString: function() {
		return this._;
	}
};
function Fr(e) {
	let t;
	for (; t = e.sourceEvent;) e = t;
	return e;
}
function Ir(e, t) {
	if (e = Fr(e), t === void 0 && (t = e.currentTarget), t) {
		var n = t.ownerSVGElement || t;
		if (n.createSVGPoint) {
			var r = n.createSVGPoint();
			return r.x = e.clientX, r.y = e.clientY, r = r.matrixTransform(t.getScreenCTM().inverse()), [r.x, r.y];
		}
		if (t.getBoundingClientRect) {
			var i = t.getBoundingClientRect();
			return [e.clientX - i.left - t.clientLeft, e.clientY - i.top - t.clientTop];
		}
	}
	return [e.pageX, e.pageY];
}
// node_modules/d3-dispatch/dist/d3-dispatch.mjs
var Lr = { value: () => {} };
function Rr() {
	for (var e = 0, t = arguments.length, n = {}, r; e < t; ++e) {
		if (!(r = arguments[e] + "") || r in n || /[\s.]/.test(r)) throw Error("illegal type: " + r);
		n[r] = [];
	}
	return new zr(n);
}
function zr(e) {
	this._ = e;
}
function Br(e, t) {
	return e.trim().split(/^|\s+/).map(function(e) {
		var n = "", r = e.indexOf(".");
		if (r >= 0 && (n = e.slice(r + 1), e = e.slice(0, r)), e && !t.hasOwnProperty(e)) throw Error("unknown type: " + e);
		return {
			type: e,
			name: n
		};
	});
}
zr.prototype = Rr.prototype = {
	constructor: zr,
	on: function(e, t) {
		var n = this._, r = Br(e + "", n), i, a = -1, o = r.length;
		if (arguments.length < 2) {
			for (; ++a < o;) if ((i = (e = r[a]).type) && (i = Vr(n[i], e.name))) return i;
		} else {
			if (t != null && typeof t != "function") throw Error("invalid callback: " + t);
			for (; ++a < o;) if (i = (e = r[a]).type) n[i] = Hr(n[i], e.name, t);
			else if (t == null) for (i in n) n[i] = Hr(n[i], e.name, null);
			return this;
		}
	},
	copy: function() {
		var e = {}, t = this._;
		for (var n in t) e[n] = t[n].slice();
		return new zr(e);
	},
	call: function(e, t) {
		if ((i = arguments.length - 2) > 0) for (var n = Array(i), r = 0, i, a; r < i; ++r) n[r] = arguments[r + 2];
		if (!this._.hasOwnProperty(e)) throw Error("unknown type: " + e);
		for (a = this._[e], r = 0, i = a.length; r < i; ++r) a[r].value.apply(t, n);
	},
	apply: function(e, t, n) {
		if (!this._.hasOwnProperty(e)) throw Error("unknown type: " + e);
		for (var r = this._[e], i = 0, a = r.length; i < a; ++i) r[i].value.apply(t, n);
	}
};
function Vr(e, t) {
	for (var n = 0, r = e.length, i; n < r; ++n) if ((i = e[n]).name === t) return i.value;
}
function Hr(e, t, n) {
	for (var r = 0, i = e.length; r < i; ++r) if (e[r].name === t) {
		e[r] = Lr, e = e.slice(0, r).concat(e.slice(r + 1));
		break;
	}
	return n != null && e.push({
		name: t,
		value: n
	}), e;
}
// node_modules/d3-drag/dist/d3-drag.mjs
var Ur = {
	capture: !0,
	passive: !1
};
function Wr(e) {
	e.preventDefault(), e.stopImmediatePropagation();
}
function Gr(e) {
	var t = e.document.documentElement, n = V(e).on("dragstart.drag", Wr, Ur);
	"onselectstart" in t ? n.on("selectstart.drag", Wr, Ur) : (t.__noselect = t.style.MozUserSelect, t.style.MozUserSelect = "none");
}
function Kr(e, t) {
	var n = e.document.documentElement, r = V(e).on("dragstart.drag", null);
	t && (r.on("click.drag", Wr, Ur), setTimeout(function() {
		r.on("click.drag", null);
	}, 0)), "onselectstart" in n ? r.on("selectstart.drag", null) : (n.style.MozUserSelect = n.__noselect, delete n.__noselect);
}
function qr(e, { sourceEvent: t, subject: n, target: r, identifier: i, active: a, x: o, y: s, dx: c, dy: l, dispatch: u }) {
	Object.defineProperties(this, {
		type: {
			value: e,
			enumerable: !0,
			configurable: !0
		},
		sourceEvent: {
			value: t,
			enumerable: !0,
			configurable: !0
		},
		subject: {
			value: n,
			enumerable: !0,
			configurable: !0
		},
		target: {
			value: r,
			enumerable: !0,
			configurable: !0
		},
		identifier: {
			value: i,
			enumerable: !0,
			configurable: !0
		},
		active: {
			value: a,
			enumerable: !0,
			configurable: !0
		},
		x: {
			value: o,
			enumerable: !0,
			configurable: !0
		},
		y: {
			value: s,
			enumerable: !0,
			configurable: !0
		},
		dx: {
			value: c,
			enumerable: !0,
			configurable: !0
		},
		dy: {
			value: l,
			enumerable: !0,
			configurable: !0
		},
		_: { value: u }
	});
}
qr.prototype.on = function() {
	var e = this._.on.apply(this._, arguments);
	return e === this._ ? this : e;
};
// node_modules/d3-color/dist/d3-color.mjs
function Jr(e, t, n) {
	e.prototype = t.prototype = n, n.constructor = e;
}
function Yr(e, t) {
	var n = Object.create(e.prototype);
	for (var r in t) n[r] = t[r];
	return n;
}
function Xr() {}
var Zr = .7, Qr = 1 / Zr, $r = "\\s*([+-]?\\d+)\\s*", ei = "\\s*([+-]?(?:\\d*\\.)?\\d+(?:[eE][+-]?\\d+)?)\\s*", H = "\\s*([+-]?(?:\\d*\\.)?\\d+(?:[eE][+-]?\\d+)?)%\\s*", ti = /^#([0-9a-f]{3,8})$/, ni = RegExp(`^rgb\\(${$r},${$r},${$r}\\)$`), ri = RegExp(`^rgb\\(${H},${H},${H}\\)$`), ii = RegExp(`^rgba\\(${$r},${$r},${$r},${ei}\\)$`), ai = RegExp(`^rgba\\(${H},${H},${H},${ei}\\)$`), oi = RegExp(`^hsl\\(${ei},${H},${H}\\)$`), si = RegExp(`^hsla\\(${ei},${H},${H},${ei}\\)$`), ci = {
	aliceblue: 15792383,
	antiquewhite: 16444375,
	aqua: 65535,
	aquamarine: 8388564,
	azure: 15794175,
	beige: 16119260,
	bisque: 16770244,
	black: 0,
	blanchedalmond: 16772045,
	blue: 255,
	blueviolet: 9055202,
	brown: 10824234,
	burlywood: 14596231,
	cadetblue: 6266528,
	chartreuse: 8388352,
	chocolate: 13789470,
	coral: 16744272,
	cornflowerblue: 6591981,
	cornsilk: 16775388,
	crimson: 14423100,
	cyan: 65535,
	darkblue: 139,
	darkcyan: 35723,
	darkgoldenrod: 12092939,
	darkgray: 11119017,
	darkgreen: 25600,
	darkgrey: 11119017,
	darkkhaki: 12433259,
	darkmagenta: 9109643,
	darkolivegreen: 5597999,
	darkorange: 16747520,
	darkorchid: 10040012,
	darkred: 9109504,
	darksalmon: 15308410,
	darkseagreen: 9419919,
	darkslateblue: 4734347,
	darkslategray: 3100495,
	darkslategrey: 3100495,
	darkturquoise: 52945,
	darkviolet: 9699539,
	deeppink: 16716947,
	deepskyblue: 49151,
	dimgray: 6908265,
	dimgrey: 6908265,
	dodgerblue: 2003199,
	firebrick: 11674146,
	floralwhite: 16775920,
	forestgreen: 2263842,
	fuchsia: 16711935,
	gainsboro: 14474460,
	ghostwhite: 16316671,
	gold: 16766720,
	goldenrod: 14329120,
	gray: 8421504,
	green: 32768,
	greenyellow: 11403055,
	grey: 8421504,
	honeydew: 15794160,
	hotpink: 16738740,
	indianred: 13458524,
	indigo: 4915330,
	ivory: 16777200,
	khaki: 15787660,
	lavender: 15132410,
	lavenderblush: 16773365,
	lawngreen: 8190976,
	lemonchiffon: 16775885,
	lightblue: 11393254,
	lightcoral: 15761536,
	lightcyan: 14745599,
	lightgoldenrodyellow: 16448210,
	lightgray: 13882323,
	lightgreen: 9498256,
	lightgrey: 13882323,
	lightpink: 16758465,
	lightsalmon: 16752762,
	lightseagreen: 2142890,
	lightskyblue: 8900346,
	lightslategray: 7833753,
	lightslategrey: 7833753,
	lightsteelblue: 11584734,
	lightyellow: 16777184,
	lime: 65280,
	limegreen: 3329330,
	linen: 16445670,
	magenta: 16711935,
	maroon: 8388608,
	mediumaquamarine: 6737322,
	mediumblue: 205,
	mediumorchid: 12211667,
	mediumpurple: 9662683,
	mediumseagreen: 3978097,
	mediumslateblue: 8087790,
	mediumspringgreen: 64154,
	mediumturquoise: 4772300,
	mediumvioletred: 13047173,
	midnightblue: 1644912,
	mintcream: 16121850,
	mistyrose: 16770273,
	moccasin: 16770229,
	navajowhite: 16768685,
	navy: 128,
	oldlace: 16643558,
	olive: 8421376,
	olivedrab: 7048739,
	orange: 16753920,
	orangered: 16729344,
	orchid: 14315734,
	palegoldenrod: 15657130,
	palegreen: 10025880,
	paleturquoise: 11529966,
	palevioletred: 14381203,
	papayawhip: 16773077,
	peachpuff: 16767673,
	peru: 13468991,
	pink: 16761035,
	plum: 14524637,
	powderblue: 11591910,
	purple: 8388736,
	rebeccapurple: 6697881,
	red: 16711680,
	rosybrown: 12357519,
	royalblue: 4286945,
	saddlebrown: 9127187,
	salmon: 16416882,
	sandybrown: 16032864,
	seagreen: 3050327,
	seashell: 16774638,
	sienna: 10506797,
	silver: 12632256,
	skyblue: 8900331,
	slateblue: 6970061,
	slategray: 7372944,
	slategrey: 7372944,
	snow: 16775930,
	springgreen: 65407,
	steelblue: 4620980,
	tan: 13808780,
	teal: 32896,
	thistle: 14204888,
	tomato: 16737095,
	turquoise: 4251856,
	violet: 15631086,
	wheat: 16113331,
	white: 16777215,
	whitesmoke: 16119285,
	yellow: 16776960,
	yellowgreen: 10145074
};
Jr(Xr, pi, {
	copy(e) {
		return Object.assign(new this.constructor(), this, e);
	},
	displayable() {
		return this.rgb().displayable();
	},
	hex: li,
	formatHex: li,
	formatHex8: ui,
	formatHsl: di,
	formatRgb: fi,
	toString: fi
});
function li() {
	return this.rgb().formatHex();
}
function ui() {
	return this.rgb().formatHex8();
}
function di() {
	return Ti(this).formatHsl();
}
function fi() {
	return this.rgb().formatRgb();
}
function pi(e) {
	var t, n;
	return e = (e + "").trim().toLowerCase(), (t = ti.exec(e)) ? (n = t[1].length, t = parseInt(t[1], 16), n === 6 ? mi(t) : n === 3 ? new U(t >> 8 & 15 | t >> 4 & 240, t >> 4 & 15 | t & 240, (t & 15) << 4 | t & 15, 1) : n === 8 ? hi(t >> 24 & 255, t >> 16 & 255, t >> 8 & 255, (t & 255) / 255) : n === 4 ? hi(t >> 12 & 15 | t >> 8 & 240, t >> 8 & 15 | t >> 4 & 240, t >> 4 & 15 | t & 240, ((t & 15) << 4 | t & 15) / 255) : null) : (t = ni.exec(e)) ? new U(t[1], t[2], t[3], 1) : (t = ri.exec(e)) ? new U(t[1] * 255 / 100, t[2] * 255 / 100, t[3] * 255 / 100, 1) : (t = ii.exec(e)) ? hi(t[1], t[2], t[3], t[4]) : (t = ai.exec(e)) ? hi(t[1] * 255 / 100, t[2] * 255 / 100, t[3] * 255 / 100, t[4]) : (t = oi.exec(e)) ? wi(t[1], t[2] / 100, t[3] / 100, 1) : (t = si.exec(e)) ? wi(t[1], t[2] / 100, t[3] / 100, t[4]) : ci.hasOwnProperty(e) ? mi(ci[e]) : e === "transparent" ? new U(NaN, NaN, NaN, 0) : null;
}
function mi(e) {
	return new U(e >> 16 & 255, e >> 8 & 255, e & 255, 1);
}
function hi(e, t, n, r) {
	return r <= 0 && (e = t = n = NaN), new U(e, t, n, r);
}
function gi(e) {
	return e instanceof Xr || (e = pi(e)), e ? (e = e.rgb(), new U(e.r, e.g, e.b, e.opacity)) : new U();
}
function _i(e, t, n, r) {
	return arguments.length === 1 ? gi(e) : new U(e, t, n, r ?? 1);
}
function U(e, t, n, r) {
	this.r = +e, this.g = +t, this.b = +n, this.opacity = +r;
}
Jr(U, _i, Yr(Xr, {
	brighter(e) {
		return e = e == null ? Qr : Qr ** +e, new U(this.r * e, this.g * e, this.b * e, this.opacity);
	},
	darker(e) {
		return e = e == null ? Zr : Zr ** +e, new U(this.r * e, this.g * e, this.b * e, this.opacity);
	},
	rgb() {
		return this;
	},
	clamp() {
		return new U(Si(this.r), Si(this.g), Si(this.b), xi(this.opacity));
	},
	displayable() {
		return -.5 <= this.r && this.r < 255.5 && -.5 <= this.g && this.g < 255.5 && -.5 <= this.b && this.b < 255.5 && 0 <= this.opacity && this.opacity <= 1;
	},
	hex: vi,
	formatHex: vi,
	formatHex8: yi,
	formatRgb: bi,
	toString: bi
}));
function vi() {
	return `#${Ci(this.r)}${Ci(this.g)}${Ci(this.b)}`;
}
function yi() {
	return `#${Ci(this.r)}${Ci(this.g)}${Ci(this.b)}${Ci((isNaN(this.opacity) ? 1 : this.opacity) * 255)}`;
}
function bi() {
	let e = xi(this.opacity);
	return `${e === 1 ? "rgb(" : "rgba("}${Si(this.r)}, ${Si(this.g)}, ${Si(this.b)}${e === 1 ? ")" : `, ${e})`}`;
}
function xi(e) {
	return isNaN(e) ? 1 : Math.max(0, Math.min(1, e));
}
function Si(e) {
	return Math.max(0, Math.min(255, Math.round(e) || 0));
}
function Ci(e) {
	return e = Si(e), (e < 16 ? "0" : "") + e.toString(16);
}
function wi(e, t, n, r) {
	return r <= 0 ? e = t = n = NaN : n <= 0 || n >= 1 ? e = t = NaN : t <= 0 && (e = NaN), new W(e, t, n, r);
}
function Ti(e) {
	if (e instanceof W) return new W(e.h, e.s, e.l, e.opacity);
	if (e instanceof Xr || (e = pi(e)), !e) return new W();
	if (e instanceof W) return e;
	e = e.rgb();
	var t = e.r / 255, n = e.g / 255, r = e.b / 255, i = Math.min(t, n, r), a = Math.max(t, n, r), o = NaN, s = a - i, c = (a + i) / 2;
	return s ? (o = t === a ? (n - r) / s + (n < r) * 6 : n === a ? (r - t) / s + 2 : (t - n) / s + 4, s /= c < .5 ? a + i : 2 - a - i, o *= 60) : s = c > 0 && c < 1 ? 0 : o, new W(o, s, c, e.opacity);
}
function Ei(e, t, n, r) {
	return arguments.length === 1 ? Ti(e) : new W(e, t, n, r ?? 1);
}
function W(e, t, n, r) {
	this.h = +e, this.s = +t, this.l = +n, this.opacity = +r;
}
Jr(W, Ei, Yr(Xr, {
	brighter(e) {
		return e = e == null ? Qr : Qr ** +e, new W(this.h, this.s, this.l * e, this.opacity);
	},
	darker(e) {
		return e = e == null ? Zr : Zr ** +e, new W(this.h, this.s, this.l * e, this.opacity);
	},
	rgb() {
		var e = this.h % 360 + (this.h < 0) * 360, t = isNaN(e) || isNaN(this.s) ? 0 : this.s, n = this.l, r = n + (n < .5 ? n : 1 - n) * t, i = 2 * n - r;
		return new U(ki(e >= 240 ? e - 240 : e + 120, i, r), ki(e, i, r), ki(e < 120 ? e + 240 : e - 120, i, r), this.opacity);
	},
	clamp() {
		return new W(Di(this.h), Oi(this.s), Oi(this.l), xi(this.opacity));
	},
	displayable() {
		return (0 <= this.s && this.s <= 1 || isNaN(this.s)) && 0 <= this.l && this.l <= 1 && 0 <= this.opacity && this.opacity <= 1;
	},
	formatHsl() {
		let e = xi(this.opacity);
		return `${e === 1 ? "hsl(" : "hsla("}${Di(this.h)}, ${Oi(this.s) * 100}%, ${Oi(this.l) * 100}%${e === 1 ? ")" : `, ${e})`}`;
	}
}));
function Di(e) {
	return e = (e || 0) % 360, e < 0 ? e + 360 : e;
}
function Oi(e) {
	return Math.max(0, Math.min(1, e || 0));
}
function ki(e, t, n) {
	return (e < 60 ? t + (n - t) * e / 60 : e < 180 ? n : e < 240 ? t + (n - t) * (240 - e) / 60 : t) * 255;
}
var Ai = Math.PI / 180, ji = 180 / Math.PI, Mi = 18, Ni = .96422, Pi = 1, Fi = .82521, Ii = 4 / 29, Li = 6 / 29, Ri = 3 * Li * Li, zi = Li * Li * Li;
function Bi(e) {
	if (e instanceof G) return new G(e.l, e.a, e.b, e.opacity);
	if (e instanceof K) return Ji(e);
	e instanceof U || (e = gi(e));
	var t = Gi(e.r), n = Gi(e.g), r = Gi(e.b), i = Hi((.2225045 * t + .7168786 * n + .0606169 * r) / Pi), a, o;
	return t === n && n === r ? a = o = i : (a = Hi((.4360747 * t + .3850649 * n + .1430804 * r) / Ni), o = Hi((.0139322 * t + .0971045 * n + .7141733 * r) / Fi)), new G(116 * i - 16, 500 * (a - i), 200 * (i - o), e.opacity);
}
function Vi(e, t, n, r) {
	return arguments.length === 1 ? Bi(e) : new G(e, t, n, r ?? 1);
}
function G(e, t, n, r) {
	this.l = +e, this.a = +t, this.b = +n, this.opacity = +r;
}
Jr(G, Vi, Yr(Xr, {
	brighter(e) {
		return new G(this.l + Mi * (e ?? 1), this.a, this.b, this.opacity);
	},
	darker(e) {
		return new G(this.l - Mi * (e ?? 1), this.a, this.b, this.opacity);
	},
	rgb() {
		var e = (this.l + 16) / 116, t = isNaN(this.a) ? e : e + this.a / 500, n = isNaN(this.b) ? e : e - this.b / 200;
		return t = Ni * Ui(t), e = Pi * Ui(e), n = Fi * Ui(n), new U(Wi(3.1338561 * t - 1.6168667 * e - .4906146 * n), Wi(-.9787684 * t + 1.9161415 * e + .033454 * n), Wi(.0719453 * t - .2289914 * e + 1.4052427 * n), this.opacity);
	}
}));
function Hi(e) {
	return e > zi ? e ** (1 / 3) : e / Ri + Ii;
}
function Ui(e) {
	return e > Li ? e * e * e : Ri * (e - Ii);
}
function Wi(e) {
	return 255 * (e <= .0031308 ? 12.92 * e : 1.055 * e ** (1 / 2.4) - .055);
}
function Gi(e) {
	return (e /= 255) <= .04045 ? e / 12.92 : ((e + .055) / 1.055) ** 2.4;
}
function Ki(e) {
	if (e instanceof K) return new K(e.h, e.c, e.l, e.opacity);
	if (e instanceof G || (e = Bi(e)), e.a === 0 && e.b === 0) return new K(NaN, 0 < e.l && e.l < 100 ? 0 : NaN, e.l, e.opacity);
	var t = Math.atan2(e.b, e.a) * ji;
	return new K(t < 0 ? t + 360 : t, Math.sqrt(e.a * e.a + e.b * e.b), e.l, e.opacity);
}
function qi(e, t, n, r) {
	return arguments.length === 1 ? Ki(e) : new K(e, t, n, r ?? 1);
}
function K(e, t, n, r) {
	this.h = +e, this.c = +t, this.l = +n, this.opacity = +r;
}
function Ji(e) {
	if (isNaN(e.h)) return new G(e.l, 0, 0, e.opacity);
	var t = e.h * Ai;
	return new G(e.l, Math.cos(t) * e.c, Math.sin(t) * e.c, e.opacity);
}
Jr(K, qi, Yr(Xr, {
	brighter(e) {
		return new K(this.h, this.c, this.l + Mi * (e ?? 1), this.opacity);
	},
	darker(e) {
		return new K(this.h, this.c, this.l - Mi * (e ?? 1), this.opacity);
	},
	rgb() {
		return Ji(this).rgb();
	}
}));
var Yi = -.14861, Xi = 1.78277, Zi = -.29227, Qi = -.90649, $i = 1.97294, ea = $i * Qi, ta = $i * Xi, na = Xi * Zi - Qi * Yi;
function ra(e) {
	if (e instanceof aa) return new aa(e.h, e.s, e.l, e.opacity);
	e instanceof U || (e = gi(e));
	var t = e.r / 255, n = e.g / 255, r = e.b / 255, i = (na * r + ea * t - ta * n) / (na + ea - ta), a = r - i, o = ($i * (n - i) - Zi * a) / Qi, s = Math.sqrt(o * o + a * a) / ($i * i * (1 - i)), c = s ? Math.atan2(o, a) * ji - 120 : NaN;
	return new aa(c < 0 ? c + 360 : c, s, i, e.opacity);
}
function ia(e, t, n, r) {
	return arguments.length === 1 ? ra(e) : new aa(e, t, n, r ?? 1);
}
function aa(e, t, n, r) {
	this.h = +e, this.s = +t, this.l = +n, this.opacity = +r;
}
Jr(aa, ia, Yr(Xr, {
	brighter(e) {
		return e = e == null ? Qr : Qr ** +e, new aa(this.h, this.s, this.l * e, this.opacity);
	},
	darker(e) {
		return e = e == null ? Zr : Zr ** +e, new aa(this.h, this.s, this.l * e, this.opacity);
	},
	rgb() {
		var e = isNaN(this.h) ? 0 : (this.h + 120) * Ai, t = +this.l, n = isNaN(this.s) ? 0 : this.s * t * (1 - t), r = Math.cos(e), i = Math.sin(e);
		return new U(255 * (t + n * (Yi * r + Xi * i)), 255 * (t + n * (Zi * r + Qi * i)), 255 * (t + $i * r * n), this.opacity);
	}
}));
var oa = (e) => () => e;
function sa(e, t) {
	return function(n) {
		return e + n * t;
	};
}
function ca(e, t, n) {
	return e **= +n, t = t ** +n - e, n = 1 / n, function(r) {
		return (e + r * t) ** +n;
	};
}
function la(e, t) {
	var n = t - e;
	return n ? sa(e, n > 180 || n < -180 ? n - 360 * Math.round(n / 360) : n) : oa(isNaN(e) ? t : e);
}
function ua(e) {
	return (e = +e) == 1 ? da : function(t, n) {
		return n - t ? ca(t, n, e) : oa(isNaN(t) ? n : t);
	};
}
function da(e, t) {
	var n = t - e;
	return n ? sa(e, n) : oa(isNaN(e) ? t : e);
}
var fa = (function e(t) {
	var n = ua(t);
	function r(e, t) {
		var r = n((e = _i(e)).r, (t = _i(t)).r), i = n(e.g, t.g), a = n(e.b, t.b), o = da(e.opacity, t.opacity);
		return function(t) {
			return e.r = r(t), e.g = i(t), e.b = a(t), e.opacity = o(t), e + "";
		};
	}
	return r.gamma = e, r;
})(1);
function pa(e, t) {
	t ||= [];
	var n = e ? Math.min(t.length, e.length) : 0, r = t.slice(), i;
	return function(a) {
		for (i = 0; i < n; ++i) r[i] = e[i] * (1 - a) + t[i] * a;
		return r;
	};
}
function ma(e) {
	return ArrayBuffer.isView(e) && !(e instanceof DataView);
}
function ha(e, t) {
	for (var n = t ? t.length : 0, r = e ? Math.min(n, e.length) : 0, i = Array(r), a = Array(n), o = 0; o < r; ++o) i[o] = Ca(e[o], t[o]);
	for (; o < n; ++o) a[o] = t[o];
	return function(e) {
		for (o = 0; o < r; ++o) a[o] = i[o](e);
		return a;
	};
}
function ga(e, t) {
	var n = /* @__PURE__ */ new Date();
	return e = +e, t = +t, function(r) {
		return n.setTime(e * (1 - r) + t * r), n;
	};
}
function q(e, t) {
	return e = +e, t = +t, function(n) {
		return e * (1 - n) + t * n;
	};
}
function _a(e, t) {
	var n = {}, r = {}, i;
	for (i in typeof e == "object" && e || (e = {}), typeof t == "object" && t || (t = {}), t) i in e ? n[i] = Ca(e[i], t[i]) : r[i] = t[i];
	return function(e) {
		for (i in n) r[i] = n[i](e);
		return r;
	};
}
var va = /[-+]?(?:\d+\.?\d*|\.?\d+)(?:[eE][-+]?\d+)?/g, ya = new RegExp(va.source, "g");
function ba(e) {
	return function() {
		return e;
	};
}
function xa(e) {
	return function(t) {
		return e(t) + "";
	};
}
function Sa(e, t) {
	var n = va.lastIndex = ya.lastIndex = 0, r, i, a, o = -1, s = [], c = [];
	for (e += "", t += ""; (r = va.exec(e)) && (i = ya.exec(t));) (a = i.index) > n && (a = t.slice(n, a), s[o] ? s[o] += a : s[++o] = a), (r = r[0]) === (i = i[0]) ? s[o] ? s[o] += i : s[++o] = i : (s[++o] = null, c.push({
		i: o,
		x: q(r, i)
	})), n = ya.lastIndex;
	return n < t.length && (a = t.slice(n), s[o] ? s[o] += a : s[++o] = a), s.length < 2 ? c[0] ? xa(c[0].x) : ba(t) : (t = c.length, function(e) {
		for (var n = 0, r; n < t; ++n) s[(r = c[n]).i] = r.x(e);
		return s.join("");
	});
}
function Ca(e, t) {
	var n = typeof t, r;
	return t == null || n === "boolean" ? oa(t) : (n === "number" ? q : n === "string" ? (r = pi(t)) ? (t = r, fa) : Sa : t instanceof pi ? fa : t instanceof Date ? ga : ma(t) ? pa : Array.isArray(t) ? ha : typeof t.valueOf != "function" && typeof t.toString != "function" || isNaN(t) ? _a : q)(e, t);
}
function wa(e, t) {
	return e = +e, t = +t, function(n) {
		return Math.round(e * (1 - n) + t * n);
	};
}
var Ta = 180 / Math.PI, Ea = {
	translateX: 0,
	translateY: 0,
	rotate: 0,
	skewX: 0,
	scaleX: 1,
	scaleY: 1
};
function Da(e, t, n, r, i, a) {
	var o, s, c;
	return (o = Math.sqrt(e * e + t * t)) && (e /= o, t /= o), (c = e * n + t * r) && (n -= e * c, r -= t * c), (s = Math.sqrt(n * n + r * r)) && (n /= s, r /= s, c /= s), e * r < t * n && (e = -e, t = -t, c = -c, o = -o), {
		translateX: i,
		translateY: a,
		rotate: Math.atan2(t, e) * Ta,
		skewX: Math.atan(c) * Ta,
		scaleX: o,
		scaleY: s
	};
}
var Oa;
function ka(e) {
	let t = new (typeof DOMMatrix == "function" ? DOMMatrix : WebKitCSSMatrix)(e + "");
	return t.isIdentity ? Ea : Da(t.a, t.b, t.c, t.d, t.e, t.f);
}
function Aa(e) {
	return e == null || (Oa ||= document.createElementNS("http://www.w3.org/2000/svg", "g"), Oa.setAttribute("transform", e), !(e = Oa.transform.baseVal.consolidate())) ? Ea : (e = e.matrix, Da(e.a, e.b, e.c, e.d, e.e, e.f));
}
function ja(e, t, n, r) {
	function i(e) {
		return e.length ? e.pop() + " " : "";
	}
	function a(e, r, i, a, o, s) {
		if (e !== i || r !== a) {
			var c = o.push("translate(", null, t, null, n);
			s.push({
				i: c - 4,
				x: q(e, i)
			}, {
				i: c - 2,
				x: q(r, a)
			});
		} else (i || a) && o.push("translate(" + i + t + a + n);
	}
	function o(e, t, n, a) {
		e === t ? t && n.push(i(n) + "rotate(" + t + r) : (e - t > 180 ? t += 360 : t - e > 180 && (e += 360), a.push({
			i: n.push(i(n) + "rotate(", null, r) - 2,
			x: q(e, t)
		}));
	}
	function s(e, t, n, a) {
		e === t ? t && n.push(i(n) + "skewX(" + t + r) : a.push({
			i: n.push(i(n) + "skewX(", null, r) - 2,
			x: q(e, t)
		});
	}
	function c(e, t, n, r, a, o) {
		if (e !== n || t !== r) {
			var s = a.push(i(a) + "scale(", null, ",", null, ")");
			o.push({
				i: s - 4,
				x: q(e, n)
			}, {
				i: s - 2,
				x: q(t, r)
			});
		} else (n !== 1 || r !== 1) && a.push(i(a) + "scale(" + n + "," + r + ")");
	}
	return function(t, n) {
		var r = [], i = [];
		return t = e(t), n = e(n), a(t.translateX, t.translateY, n.translateX, n.translateY, r, i), o(t.rotate, n.rotate, r, i), s(t.skewX, n.skewX, r, i), c(t.scaleX, t.scaleY, n.scaleX, n.scaleY, r, i), t = n = null, function(e) {
			for (var t = -1, n = i.length, a; ++t < n;) r[(a = i[t]).i] = a.x(e);
			return r.join("");
		};
	};
}
var Ma = ja(ka, "px, ", "px)", "deg)"), Na = ja(Aa, ", ", ")", ")"), Pa = 1e-12;
function Fa(e) {
	return ((e = Math.exp(e)) + 1 / e) / 2;
}
function Ia(e) {
	return ((e = Math.exp(e)) - 1 / e) / 2;
}
function La(e) {
	return ((e = Math.exp(2 * e)) - 1) / (e + 1);
}
var Ra = (function e(t, n, r) {
	function i(e, i) {
		var a = e[0], o = e[1], s = e[2], c = i[0], l = i[1], u = i[2], d = c - a, f = l - o, p = d * d + f * f, m, h;
		if (p < Pa) h = Math.log(u / s) / t, m = function(e) {
			return [
				a + e * d,
				o + e * f,
				s * Math.exp(t * e * h)
			];
		};
		else {
			var g = Math.sqrt(p), _ = (u * u - s * s + r * p) / (2 * s * n * g), v = (u * u - s * s - r * p) / (2 * u * n * g), y = Math.log(Math.sqrt(_ * _ + 1) - _);
			h = (Math.log(Math.sqrt(v * v + 1) - v) - y) / t, m = function(e) {
				var r = e * h, i = Fa(y), c = s / (n * g) * (i * La(t * r + y) - Ia(y));
				return [
					a + c * d,
					o + c * f,
					s * i / Fa(t * r + y)
				];
			};
		}
		return m.duration = Math.abs(h) * 1e3 * t / Math.SQRT2, m;
	}
	return i.rho = function(t) {
		var n = Math.max(.001, +t), r = n * n;
		return e(n, r, r * r);
	}, i;
})(Math.SQRT2, 2, 4);
function za(e) {
	return (function t(n) {
		n = +n;
		function r(t, r) {
			var i = e((t = ia(t)).h, (r = ia(r)).h), a = da(t.s, r.s), o = da(t.l, r.l), s = da(t.opacity, r.opacity);
			return function(e) {
				return t.h = i(e), t.s = a(e), t.l = o(e ** +n), t.opacity = s(e), t + "";
			};
		}
		return r.gamma = t, r;
	})(1);
}
za(la), za(da);
// node_modules/d3-timer/dist/d3-timer.mjs
var Ba = 0, Va = 0, Ha = 0, Ua = 1e3, Wa, Ga, Ka = 0, qa = 0, Ja = 0, Ya = typeof performance == "object" && performance.now ? performance : Date, Xa = typeof window == "object" && window.requestAnimationFrame ? window.requestAnimationFrame.bind(window) : function(e) {
	setTimeout(e, 17);
};
function Za() {
	return qa ||= (Xa(Qa), Ya.now() + Ja);
}
function Qa() {
	qa = 0;
}
function $a() {
	this._call = this._time = this._next = null;
}
$a.prototype = eo.prototype = {
	constructor: $a,
	restart: function(e, t, n) {
		if (typeof e != "function") throw TypeError("callback is not a function");
		n = (n == null ? Za() : +n) + (t == null ? 0 : +t), !this._next && Ga !== this && (Ga ? Ga._next = this : Wa = this, Ga = this), this._call = e, this._time = n, ao();
	},
	stop: function() {
		this._call && (this._call = null, this._time = Infinity, ao());
	}
};
function eo(e, t, n) {
	var r = new $a();
	return r.restart(e, t, n), r;
}
function to() {
	Za(), ++Ba;
	for (var e = Wa, t; e;) (t = qa - e._time) >= 0 && e._call.call(void 0, t), e = e._next;
	--Ba;
}
function no() {
	qa = (Ka = Ya.now()) + Ja, Ba = Va = 0;
	try {
		to();
	} finally {
		Ba = 0, io(), qa = 0;
	}
}
function ro() {
	var e = Ya.now(), t = e - Ka;
	t > Ua && (Ja -= t, Ka = e);
}
function io() {
	for (var e, t = Wa, n, r = Infinity; t;) t._call ? (r > t._time && (r = t._time), e = t, t = t._next) : (n = t._next, t._next = null, t = e ? e._next = n : Wa = n);
	Ga = e, ao(r);
}
function ao(e) {
	Ba || (Va &&= clearTimeout(Va), e - qa > 24 ? (e < Infinity && (Va = setTimeout(no, Math.ceil(e - Ya.now() - Ja) + 1)), Ha &&= clearInterval(Ha)) : (Ha ||= (Ka = Ya.now(), setInterval(ro, Ua)), Ba = 1, Xa(no)));
}
function oo(e, t, n) {
	var r = new $a();
	return t = t == null ? 0 : +t, r.restart((n) => {
		r.stop(), e(n + t);
	}, t, n), r;
}
// node_modules/d3-ease/dist/d3-ease.mjs
function so(e) {
	return ((e *= 2) <= 1 ? e * e * e : (e -= 2) * e * e + 2) / 2;
}
var co = 3;
(function e(t) {
	t = +t;
	function n(e) {
		return e ** +t;
	}
	return n.exponent = e, n;
})(co), (function e(t) {
	t = +t;
	function n(e) {
		return 1 - (1 - e) ** t;
	}
	return n.exponent = e, n;
})(co), (function e(t) {
	t = +t;
	function n(e) {
		return ((e *= 2) <= 1 ? e ** +t : 2 - (2 - e) ** t) / 2;
	}
	return n.exponent = e, n;
})(co);
function lo(e) {
	return (2 ** (-10 * e) - .0009765625) * 1.0009775171065494;
}
var uo = 4 / 11;
1 / uo / uo;
var fo = 1.70158;
(function e(t) {
	t = +t;
	function n(e) {
		return (e = +e) * e * (t * (e - 1) + e);
	}
	return n.overshoot = e, n;
})(fo), (function e(t) {
	t = +t;
	function n(e) {
		return --e * e * ((e + 1) * t + e) + 1;
	}
	return n.overshoot = e, n;
})(fo), (function e(t) {
	t = +t;
	function n(e) {
		return ((e *= 2) < 1 ? e * e * ((t + 1) * e - t) : (e -= 2) * e * ((t + 1) * e + t) + 2) / 2;
	}
	return n.overshoot = e, n;
})(fo);
var po = 2 * Math.PI, mo = 1, ho = .3;
(function e(t, n) {
	var r = Math.asin(1 / (t = Math.max(1, t))) * (n /= po);
	function i(e) {
		return t * lo(- --e) * Math.sin((r - e) / n);
	}
	return i.amplitude = function(t) {
		return e(t, n * po);
	}, i.period = function(n) {
		return e(t, n);
	}, i;
})(mo, ho), (function e(t, n) {
	var r = Math.asin(1 / (t = Math.max(1, t))) * (n /= po);
	function i(e) {
		return 1 - t * lo(e = +e) * Math.sin((e + r) / n);
	}
	return i.amplitude = function(t) {
		return e(t, n * po);
	}, i.period = function(n) {
		return e(t, n);
	}, i;
})(mo, ho), (function e(t, n) {
	var r = Math.asin(1 / (t = Math.max(1, t))) * (n /= po);
	function i(e) {
		return ((e = e * 2 - 1) < 0 ? t * lo(-e) * Math.sin((r - e) / n) : 2 - t * lo(e) * Math.sin((r + e) / n)) / 2;
	}
	return i.amplitude = function(t) {
		return e(t, n * po);
	}, i.period = function(n) {
		return e(t, n);
	}, i;
})(mo, ho);
// node_modules/d3-transition/dist/d3-transition.mjs
var go = Rr("start", "end", "cancel", "interrupt"), _o = [], vo = 0, yo = 1, bo = 2, xo = 3, So = 4, Co = 5, wo = 6;
function To(e, t, n, r, i, a) {
	var o = e.__transition;
	if (!o) e.__transition = {};
	else if (n in o) return;
	Do(e, n, {
		name: t,
		index: r,
		group: i,
		on: go,
		tween: _o,
		time: a.time,
		delay: a.delay,
		duration: a.duration,
		ease: a.ease,
		timer: null,
		state: vo
	});
}
function Eo(e, t) {
	var n = Y(e, t);
	if (n.state > vo) throw Error("too late; already scheduled");
	return n;
}
function J(e, t) {
	var n = Y(e, t);
	if (n.state > xo) throw Error("too late; already running");
	return n;
}
function Y(e, t) {
	var n = e.__transition;
	if (!n || !(n = n[t])) throw Error("transition not found");
	return n;
}
function Do(e, t, n) {
	var r = e.__transition, i;
	r[t] = n, n.timer = eo(a, 0, n.time);
	function a(e) {
		n.state = yo, n.timer.restart(o, n.delay, n.time), n.delay <= e && o(e - n.delay);
	}
	function o(a) {
		var l, u, d, f;
		if (n.state !== yo) return c();
		for (l in r) if (f = r[l], f.name === n.name) {
			if (f.state === xo) return oo(o);
			f.state === So ? (f.state = wo, f.timer.stop(), f.on.call("interrupt", e, e.__data__, f.index, f.group), delete r[l]) : +l < t && (f.state = wo, f.timer.stop(), f.on.call("cancel", e, e.__data__, f.index, f.group), delete r[l]);
		}
		if (oo(function() {
			n.state === xo && (n.state = So, n.timer.restart(s, n.delay, n.time), s(a));
		}), n.state = bo, n.on.call("start", e, e.__data__, n.index, n.group), n.state === bo) {
			for (n.state = xo, i = Array(d = n.tween.length), l = 0, u = -1; l < d; ++l) (f = n.tween[l].value.call(e, e.__data__, n.index, n.group)) && (i[++u] = f);
			i.length = u + 1;
		}
	}
	function s(t) {
		for (var r = t < n.duration ? n.ease.call(null, t / n.duration) : (n.timer.restart(c), n.state = Co, 1), a = -1, o = i.length; ++a < o;) i[a].call(e, r);
		n.state === Co && (n.on.call("end", e, e.__data__, n.index, n.group), c());
	}
	function c() {
		for (var i in n.state = wo, n.timer.stop(), delete r[t], r) return;
		delete e.__transition;
	}
}
function Oo(e, t) {
	var n = e.__transition, r, i, a = !0, o;
	if (n) {
		for (o in t = t == null ? null : t + "", n) (r = n[o]).name === t ? (i = r.state > bo && r.state < Co, r.state = wo, r.timer.stop(), r.on.call(i ? "interrupt" : "cancel", e, e.__data__, r.index, r.group), delete n[o]) : a = !1;
		a && delete e.__transition;
	}
}
function ko(e) {
	return this.each(function() {
		Oo(this, e);
	});
}
function Ao(e, t) {
	var n, r;
	return function() {
		var i = J(this, e), a = i.tween;
		if (a !== n) {
			r = n = a;
			for (var o = 0, s = r.length; o < s; ++o) if (r[o].name === t) {
				r = r.slice(), r.splice(o, 1);
				break;
			}
		}
		i.tween = r;
	};
}
function jo(e, t, n) {
	var r, i;
	if (typeof n != "function") throw Error();
	return function() {
		var a = J(this, e), o = a.tween;
		if (o !== r) {
			i = (r = o).slice();
			for (var s = {
				name: t,
				value: n
			}, c = 0, l = i.length; c < l; ++c) if (i[c].name === t) {
				i[c] = s;
				break;
			}
			c === l && i.push(s);
		}
		a.tween = i;
	};
}
function Mo(e, t) {
	var n = this._id;
	if (e += "", arguments.length < 2) {
		for (var r = Y(this.node(), n).tween, i = 0, a = r.length, o; i < a; ++i) if ((o = r[i]).name === e) return o.value;
		return null;
	}
	return this.each((t == null ? Ao : jo)(n, e, t));
}
function No(e, t, n) {
	var r = e._id;
	return e.each(function() {
		var e = J(this, r);
		(e.value ||= {})[t] = n.apply(this, arguments);
	}), function(e) {
		return Y(e, r).value[t];
	};
}
function Po(e, t) {
	var n;
	return (typeof t == "number" ? q : t instanceof pi ? fa : (n = pi(t)) ? (t = n, fa) : Sa)(e, t);
}
function Fo(e) {
	return function() {
		this.removeAttribute(e);
	};
}
function Io(e) {
	return function() {
		this.removeAttributeNS(e.space, e.local);
	};
}
function Lo(e, t, n) {
	var r, i = n + "", a;
	return function() {
		var o = this.getAttribute(e);
		return o === i ? null : o === r ? a : a = t(r = o, n);
	};
}
function Ro(e, t, n) {
	var r, i = n + "", a;
	return function() {
		var o = this.getAttributeNS(e.space, e.local);
		return o === i ? null : o === r ? a : a = t(r = o, n);
	};
}
function zo(e, t, n) {
	var r, i, a;
	return function() {
		var o, s = n(this), c;
		return s == null ? void this.removeAttribute(e) : (o = this.getAttribute(e), c = s + "", o === c ? null : o === r && c === i ? a : (i = c, a = t(r = o, s)));
	};
}
function Bo(e, t, n) {
	var r, i, a;
	return function() {
		var o, s = n(this), c;
		return s == null ? void this.removeAttributeNS(e.space, e.local) : (o = this.getAttributeNS(e.space, e.local), c = s + "", o === c ? null : o === r && c === i ? a : (i = c, a = t(r = o, s)));
	};
}
function Vo(e, t) {
	var n = Ft(e), r = n === "transform" ? Na : Po;
	return this.attrTween(e, typeof t == "function" ? (n.local ? Bo : zo)(n, r, No(this, "attr." + e, t)) : t == null ? (n.local ? Io : Fo)(n) : (n.local ? Ro : Lo)(n, r, t));
}
function Ho(e, t) {
	return function(n) {
		this.setAttribute(e, t.call(this, n));
	};
}
function Uo(e, t) {
	return function(n) {
		this.setAttributeNS(e.space, e.local, t.call(this, n));
	};
}
function Wo(e, t) {
	var n, r;
	function i() {
		var i = t.apply(this, arguments);
		return i !== r && (n = (r = i) && Uo(e, i)), n;
	}
	return i._value = t, i;
}
function Go(e, t) {
	var n, r;
	function i() {
		var i = t.apply(this, arguments);
		return i !== r && (n = (r = i) && Ho(e, i)), n;
	}
	return i._value = t, i;
}
function Ko(e, t) {
	var n = "attr." + e;
	if (arguments.length < 2) return (n = this.tween(n)) && n._value;
	if (t == null) return this.tween(n, null);
	if (typeof t != "function") throw Error();
	var r = Ft(e);
	return this.tween(n, (r.local ? Wo : Go)(r, t));
}
function qo(e, t) {
	return function() {
		Eo(this, e).delay = +t.apply(this, arguments);
	};
}
function Jo(e, t) {
	return t = +t, function() {
		Eo(this, e).delay = t;
	};
}
function Yo(e) {
	var t = this._id;
	return arguments.length ? this.each((typeof e == "function" ? qo : Jo)(t, e)) : Y(this.node(), t).delay;
}
function Xo(e, t) {
	return function() {
		J(this, e).duration = +t.apply(this, arguments);
	};
}
function Zo(e, t) {
	return t = +t, function() {
		J(this, e).duration = t;
	};
}
function Qo(e) {
	var t = this._id;
	return arguments.length ? this.each((typeof e == "function" ? Xo : Zo)(t, e)) : Y(this.node(), t).duration;
}
function $o(e, t) {
	if (typeof t != "function") throw Error();
	return function() {
		J(this, e).ease = t;
	};
}
function es(e) {
	var t = this._id;
	return arguments.length ? this.each($o(t, e)) : Y(this.node(), t).ease;
}
function ts(e, t) {
	return function() {
		var n = t.apply(this, arguments);
		if (typeof n != "function") throw Error();
		J(this, e).ease = n;
	};
}
function ns(e) {
	if (typeof e != "function") throw Error();
	return this.each(ts(this._id, e));
}
function rs(e) {
	typeof e != "function" && (e = qt(e));
	for (var t = this._groups, n = t.length, r = Array(n), i = 0; i < n; ++i) for (var a = t[i], o = a.length, s = r[i] = [], c, l = 0; l < o; ++l) (c = a[l]) && e.call(c, c.__data__, l, a) && s.push(c);
	return new X(r, this._parents, this._name, this._id);
}
function is(e) {
	if (e._id !== this._id) throw Error();
	for (var t = this._groups, n = e._groups, r = t.length, i = n.length, a = Math.min(r, i), o = Array(r), s = 0; s < a; ++s) for (var c = t[s], l = n[s], u = c.length, d = o[s] = Array(u), f, p = 0; p < u; ++p) (f = c[p] || l[p]) && (d[p] = f);
	for (; s < r; ++s) o[s] = t[s];
	return new X(o, this._parents, this._name, this._id);
}
function as(e) {
	return (e + "").trim().split(/^|\s+/).every(function(e) {
		var t = e.indexOf(".");
		return t >= 0 && (e = e.slice(0, t)), !e || e === "start";
	});
}
function os(e, t, n) {
	var r, i, a = as(t) ? Eo : J;
	return function() {
		var o = a(this, e), s = o.on;
		s !== r && (i = (r = s).copy()).on(t, n), o.on = i;
	};
}
function ss(e, t) {
	var n = this._id;
	return arguments.length < 2 ? Y(this.node(), n).on.on(e) : this.each(os(n, e, t));
}
function cs(e) {
	return function() {
		var t = this.parentNode;
		for (var n in this.__transition) if (+n !== e) return;
		t && t.removeChild(this);
	};
}
function ls() {
	return this.on("end.remove", cs(this._id));
}
function us(e) {
	var t = this._name, n = this._id;
	typeof e != "function" && (e = Bt(e));
	for (var r = this._groups, i = r.length, a = Array(i), o = 0; o < i; ++o) for (var s = r[o], c = s.length, l = a[o] = Array(c), u, d, f = 0; f < c; ++f) (u = s[f]) && (d = e.call(u, u.__data__, f, s)) && ("__data__" in u && (d.__data__ = u.__data__), l[f] = d, To(l[f], t, n, f, l, Y(u, n)));
	return new X(a, this._parents, t, n);
}
function ds(e) {
	var t = this._name, n = this._id;
	typeof e != "function" && (e = Wt(e));
	for (var r = this._groups, i = r.length, a = [], o = [], s = 0; s < i; ++s) for (var c = r[s], l = c.length, u, d = 0; d < l; ++d) if (u = c[d]) {
		for (var f = e.call(u, u.__data__, d, c), p, m = Y(u, n), h = 0, g = f.length; h < g; ++h) (p = f[h]) && To(p, t, n, h, f, m);
		a.push(f), o.push(u);
	}
	return new X(a, o, t, n);
}
var fs = Ar.prototype.constructor;
function ps() {
	return new fs(this._groups, this._parents);
}
function ms(e, t) {
	var n, r, i;
	return function() {
		var a = Rn(this, e), o = (this.style.removeProperty(e), Rn(this, e));
		return a === o ? null : a === n && o === r ? i : i = t(n = a, r = o);
	};
}
function hs(e) {
	return function() {
		this.style.removeProperty(e);
	};
}
function gs(e, t, n) {
	var r, i = n + "", a;
	return function() {
		var o = Rn(this, e);
		return o === i ? null : o === r ? a : a = t(r = o, n);
	};
}
function _s(e, t, n) {
	var r, i, a;
	return function() {
		var o = Rn(this, e), s = n(this), c = s + "";
		return s ?? (c = s = (this.style.removeProperty(e), Rn(this, e))), o === c ? null : o === r && c === i ? a : (i = c, a = t(r = o, s));
	};
}
function vs(e, t) {
	var n, r, i, a = "style." + t, o = "end." + a, s;
	return function() {
		var c = J(this, e), l = c.on, u = c.value[a] == null ? s ||= hs(t) : void 0;
		(l !== n || i !== u) && (r = (n = l).copy()).on(o, i = u), c.on = r;
	};
}
function ys(e, t, n) {
	var r = (e += "") == "transform" ? Ma : Po;
	return t == null ? this.styleTween(e, ms(e, r)).on("end.style." + e, hs(e)) : typeof t == "function" ? this.styleTween(e, _s(e, r, No(this, "style." + e, t))).each(vs(this._id, e)) : this.styleTween(e, gs(e, r, t), n).on("end.style." + e, null);
}
function bs(e, t, n) {
	return function(r) {
		this.style.setProperty(e, t.call(this, r), n);
	};
}
function xs(e, t, n) {
	var r, i;
	function a() {
		var a = t.apply(this, arguments);
		return a !== i && (r = (i = a) && bs(e, a, n)), r;
	}
	return a._value = t, a;
}
function Ss(e, t, n) {
	var r = "style." + (e += "");
	if (arguments.length < 2) return (r = this.tween(r)) && r._value;
	if (t == null) return this.tween(r, null);
	if (typeof t != "function") throw Error();
	return this.tween(r, xs(e, t, n ?? ""));
}
function Cs(e) {
	return function() {
		this.textContent = e;
	};
}
function ws(e) {
	return function() {
		var t = e(this);
		this.textContent = t ?? "";
	};
}
function Ts(e) {
	return this.tween("text", typeof e == "function" ? ws(No(this, "text", e)) : Cs(e == null ? "" : e + ""));
}
function Es(e) {
	return function(t) {
		this.textContent = e.call(this, t);
	};
}
function Ds(e) {
	var t, n;
	function r() {
		var r = e.apply(this, arguments);
		return r !== n && (t = (n = r) && Es(r)), t;
	}
	return r._value = e, r;
}
function Os(e) {
	var t = "text";
	if (arguments.length < 1) return (t = this.tween(t)) && t._value;
	if (e == null) return this.tween(t, null);
	if (typeof e != "function") throw Error();
	return this.tween(t, Ds(e));
}
function ks() {
	for (var e = this._name, t = this._id, n = Ms(), r = this._groups, i = r.length, a = 0; a < i; ++a) for (var o = r[a], s = o.length, c, l = 0; l < s; ++l) if (c = o[l]) {
		var u = Y(c, t);
		To(c, e, n, l, o, {
			time: u.time + u.delay + u.duration,
			delay: 0,
			duration: u.duration,
			ease: u.ease
		});
	}
	return new X(r, this._parents, e, n);
}
function As() {
	var e, t, n = this, r = n._id, i = n.size();
	return new Promise(function(a, o) {
		var s = { value: o }, c = { value: function() {
			--i === 0 && a();
		} };
		n.each(function() {
			var n = J(this, r), i = n.on;
			i !== e && (t = (e = i).copy(), t._.cancel.push(s), t._.interrupt.push(s), t._.end.push(c)), n.on = t;
		}), i === 0 && a();
	});
}
var js = 0;
function X(e, t, n, r) {
	this._groups = e, this._parents = t, this._name = n, this._id = r;
}
function Ms() {
	return ++js;
}
var Ns = Ar.prototype;
X.prototype = {
	constructor: X,
	select: us,
	selectAll: ds,
	selectChild: Ns.selectChild,
	selectChildren: Ns.selectChildren,
	filter: rs,
	merge: is,
	selection: ps,
	transition: ks,
	call: Ns.call,
	nodes: Ns.nodes,
	node: Ns.node,
	size: Ns.size,
	empty: Ns.empty,
	each: Ns.each,
	on: ss,
	attr: Vo,
	attrTween: Ko,
	style: ys,
	styleTween: Ss,
	text: Ts,
	textTween: Os,
	remove: ls,
	tween: Mo,
	delay: Yo,
	duration: Qo,
	ease: es,
	easeVarying: ns,
	end: As,
	[Symbol.iterator]: Ns[Symbol.iterator]
};
var Ps = {
	time: null,
	delay: 0,
	duration: 250,
	ease: so
};
function Fs(e, t) {
	for (var n; !(n = e.__transition) || !(n = n[t]);) if (!(e = e.parentNode)) throw Error(`transition ${t} not found`);
	return n;
}
function Is(e) {
	var t, n;
	e instanceof X ? (t = e._id, e = e._name) : (t = Ms(), (n = Ps).time = Za(), e = e == null ? null : e + "");
	for (var r = this._groups, i = r.length, a = 0; a < i; ++a) for (var o = r[a], s = o.length, c, l = 0; l < s; ++l) (c = o[l]) && To(c, e, t, l, o, n || Fs(c, t));
	return new X(r, this._parents, e, t);
}
Ar.prototype.interrupt = ko, Ar.prototype.transition = Is;
// node_modules/d3-zoom/dist/d3-zoom.mjs
var Ls = (e) => () => e;
function Rs(e, { sourceEvent: t, target: n, transform: r, dispatch: i }) {
	Object.defineProperties(this, {
		type: {
			value: e,
			enumerable: !0,
			configurable: !0
		},
		sourceEvent: {
			value: t,
			enumerable: !0,
			configurable: !0
		},
		target: {
			value: n,
			enumerable: !0,
			configurable: !0
		},
		transform: {
			value: r,
			enumerable: !0,
			configurable: !0
		},
		_: { value: i }
	});
}
function zs(e, t, n) {
	this.k = e, this.x = t, this.y = n;
}
zs.prototype = {
	constructor: zs,
	scale: function(e) {
		return e === 1 ? this : new zs(this.k * e, this.x, this.y);
	},
	translate: function(e, t) {
		return e === 0 & t === 0 ? this : new zs(this.k, this.x + this.k * e, this.y + this.k * t);
	},
	apply: function(e) {
		return [e[0] * this.k + this.x, e[1] * this.k + this.y];
	},
	applyX: function(e) {
		return e * this.k + this.x;
	},
	applyY: function(e) {
		return e * this.k + this.y;
	},
	invert: function(e) {
		return [(e[0] - this.x) / this.k, (e[1] - this.y) / this.k];
	},
	invertX: function(e) {
		return (e - this.x) / this.k;
	},
	invertY: function(e) {
		return (e - this.y) / this.k;
	},
	rescaleX: function(e) {
		return e.copy().domain(e.range().map(this.invertX, this).map(e.invert, e));
	},
	rescaleY: function(e) {
		return e.copy().domain(e.range().map(this.invertY, this).map(e.invert, e));
	},
	toString: function() {
		return "translate(" + this.x + "," + this.y + ") scale(" + this.k + ")";
	}
};
var Bs = new zs(1, 0, 0);
Vs.prototype = zs.prototype;
function Vs(e) {
	for (; !e.__zoom;) if (!(e = e.parentNode)) return Bs;
	return e.__zoom;
}
function Hs(e) {
	e.stopImmediatePropagation();
}
function Us(e) {
	e.preventDefault(), e.stopImmediatePropagation();
}
function Ws(e) {
	return (!e.ctrlKey || e.type === "wheel") && !e.button;
}
function Gs() {
	var e = this;
	return e instanceof SVGElement ? (e = e.ownerSVGElement || e, e.hasAttribute("viewBox") ? (e = e.viewBox.baseVal, [[e.x, e.y], [e.x + e.width, e.y + e.height]]) : [[0, 0], [e.width.baseVal.value, e.height.baseVal.value]]) : [[0, 0], [e.clientWidth, e.clientHeight]];
}
function Ks() {
	return this.__zoom || Bs;
}
function qs(e) {
	return -e.deltaY * (e.deltaMode === 1 ? .05 : e.deltaMode ? 1 : .002) * (e.ctrlKey ? 10 : 1);
}
function Js() {
	return navigator.maxTouchPoints || "ontouchstart" in this;
}
function Ys(e, t, n) {
	var r = e.invertX(t[0][0]) - n[0][0], i = e.invertX(t[1][0]) - n[1][0], a = e.invertY(t[0][1]) - n[0][1], o = e.invertY(t[1][1]) - n[1][1];
	return e.translate(i > r ? (r + i) / 2 : Math.min(0, r) || Math.max(0, i), o > a ? (a + o) / 2 : Math.min(0, a) || Math.max(0, o));
}
function Xs() {
	var e = Ws, t = Gs, n = Ys, r = qs, i = Js, a = [0, Infinity], o = [[-Infinity, -Infinity], [Infinity, Infinity]], s = 250, c = Ra, l = Rr("start", "zoom", "end"), u, d, f, p = 500, m = 150, h = 0, g = 10;
	function _(e) {
		e.property("__zoom", Ks).on("wheel.zoom", w, { passive: !1 }).on("mousedown.zoom", T).on("dblclick.zoom", E).filter(i).on("touchstart.zoom", D).on("touchmove.zoom", ee).on("touchend.zoom touchcancel.zoom", te).style("-webkit-tap-highlight-color", "rgba(0,0,0,0)");
	}
	_.transform = function(e, t, n, r) {
		var i = e.selection ? e.selection() : e;
		i.property("__zoom", Ks), e === i ? i.interrupt().each(function() {
			S(this, arguments).event(r).start().zoom(null, typeof t == "function" ? t.apply(this, arguments) : t).end();
		}) : x(e, t, n, r);
	}, _.scaleBy = function(e, t, n, r) {
		_.scaleTo(e, function() {
			return this.__zoom.k * (typeof t == "function" ? t.apply(this, arguments) : t);
		}, n, r);
	}, _.scaleTo = function(e, r, i, a) {
		_.transform(e, function() {
			var e = t.apply(this, arguments), a = this.__zoom, s = i == null ? b(e) : typeof i == "function" ? i.apply(this, arguments) : i, c = a.invert(s), l = typeof r == "function" ? r.apply(this, arguments) : r;
			return n(y(v(a, l), s, c), e, o);
		}, i, a);
	}, _.translateBy = function(e, r, i, a) {
		_.transform(e, function() {
			return n(this.__zoom.translate(typeof r == "function" ? r.apply(this, arguments) : r, typeof i == "function" ? i.apply(this, arguments) : i), t.apply(this, arguments), o);
		}, null, a);
	}, _.translateTo = function(e, r, i, a, s) {
		_.transform(e, function() {
			var e = t.apply(this, arguments), s = this.__zoom, c = a == null ? b(e) : typeof a == "function" ? a.apply(this, arguments) : a;
			return n(Bs.translate(c[0], c[1]).scale(s.k).translate(typeof r == "function" ? -r.apply(this, arguments) : -r, typeof i == "function" ? -i.apply(this, arguments) : -i), e, o);
		}, a, s);
	};
	function v(e, t) {
		return t = Math.max(a[0], Math.min(a[1], t)), t === e.k ? e : new zs(t, e.x, e.y);
	}
	function y(e, t, n) {
		var r = t[0] - n[0] * e.k, i = t[1] - n[1] * e.k;
		return r === e.x && i === e.y ? e : new zs(e.k, r, i);
	}
	function b(e) {
		return [(+e[0][0] + +e[1][0]) / 2, (+e[0][1] + +e[1][1]) / 2];
	}
	function x(e, n, r, i) {
		e.on("start.zoom", function() {
			S(this, arguments).event(i).start();
		}).on("interrupt.zoom end.zoom", function() {
			S(this, arguments).event(i).end();
		}).tween("zoom", function() {
			var e = this, a = arguments, o = S(e, a).event(i), s = t.apply(e, a), l = r == null ? b(s) : typeof r == "function" ? r.apply(e, a) : r, u = Math.max(s[1][0] - s[0][0], s[1][1] - s[0][1]), d = e.__zoom, f = typeof n == "function" ? n.apply(e, a) : n, p = c(d.invert(l).concat(u / d.k), f.invert(l).concat(u / f.k));
			return function(e) {
				if (e === 1) e = f;
				else {
					var t = p(e), n = u / t[2];
					e = new zs(n, l[0] - t[0] * n, l[1] - t[1] * n);
				}
				o.zoom(null, e);
			};
		});
	}
	function S(e, t, n) {
		return !n && e.__zooming || new C(e, t);
	}
	function C(e, n) {
		this.that = e, this.args = n, this.active = 0, this.sourceEvent = null, this.extent = t.apply(e, n), this.taps = 0;
	}
	C.prototype = {
		event: function(e) {
			return e && (this.sourceEvent = e), this;
		},
		start: function() {
			return ++this.active === 1 && (this.that.__zooming = this, this.emit("start")), this;
		},
		zoom: function(e, t) {
			return this.mouse && e !== "mouse" && (this.mouse[1] = t.invert(this.mouse[0])), this.touch0 && e !== "touch" && (this.touch0[1] = t.invert(this.touch0[0])), this.touch1 && e !== "touch" && (this.touch1[1] = t.invert(this.touch1[0])), this.that.__zoom = t, this.emit("zoom"), this;
		},
		end: function() {
			return --this.active === 0 && (delete this.that.__zooming, this.emit("end")), this;
		},
		emit: function(e) {
			var t = V(this.that).datum();
			l.call(e, this.that, new Rs(e, {
				sourceEvent: this.sourceEvent,
				target: _,
				transform: this.that.__zoom,
				dispatch: l
			}), t);
		}
	};
	function w(t, ...i) {
		if (!e.apply(this, arguments)) return;
		var s = S(this, i).event(t), c = this.__zoom, l = Math.max(a[0], Math.min(a[1], c.k * 2 ** r.apply(this, arguments))), u = Ir(t);
		if (s.wheel) (s.mouse[0][0] !== u[0] || s.mouse[0][1] !== u[1]) && (s.mouse[1] = c.invert(s.mouse[0] = u)), clearTimeout(s.wheel);
		else if (c.k === l) return;
		else s.mouse = [u, c.invert(u)], Oo(this), s.start();
		Us(t), s.wheel = setTimeout(d, m), s.zoom("mouse", n(y(v(c, l), s.mouse[0], s.mouse[1]), s.extent, o));
		function d() {
			s.wheel = null, s.end();
		}
	}
	function T(t, ...r) {
		if (f || !e.apply(this, arguments)) return;
		var i = t.currentTarget, a = S(this, r, !0).event(t), s = V(t.view).on("mousemove.zoom", d, !0).on("mouseup.zoom", p, !0), c = Ir(t, i), l = t.clientX, u = t.clientY;
		Gr(t.view), Hs(t), a.mouse = [c, this.__zoom.invert(c)], Oo(this), a.start();
		function d(e) {
			if (Us(e), !a.moved) {
				var t = e.clientX - l, r = e.clientY - u;
				a.moved = t * t + r * r > h;
			}
			a.event(e).zoom("mouse", n(y(a.that.__zoom, a.mouse[0] = Ir(e, i), a.mouse[1]), a.extent, o));
		}
		function p(e) {
			s.on("mousemove.zoom mouseup.zoom", null), Kr(e.view, a.moved), Us(e), a.event(e).end();
		}
	}
	function E(r, ...i) {
		if (e.apply(this, arguments)) {
			var a = this.__zoom, c = Ir(r.changedTouches ? r.changedTouches[0] : r, this), l = a.invert(c), u = a.k * (r.shiftKey ? .5 : 2), d = n(y(v(a, u), c, l), t.apply(this, i), o);
			Us(r), s > 0 ? V(this).transition().duration(s).call(x, d, c, r) : V(this).call(_.transform, d, c, r);
		}
	}
	function D(t, ...n) {
		if (e.apply(this, arguments)) {
			var r = t.touches, i = r.length, a = S(this, n, t.changedTouches.length === i).event(t), o, s, c, l;
			for (Hs(t), s = 0; s < i; ++s) c = r[s], l = Ir(c, this), l = [
				l,
				this.__zoom.invert(l),
				c.identifier
			], a.touch0 ? !a.touch1 && a.touch0[2] !== l[2] && (a.touch1 = l, a.taps = 0) : (a.touch0 = l, o = !0, a.taps = 1 + !!u);
			u &&= clearTimeout(u), o && (a.taps < 2 && (d = l[0], u = setTimeout(function() {
				u = null;
			}, p)), Oo(this), a.start());
		}
	}
	function ee(e, ...t) {
		if (this.__zooming) {
			var r = S(this, t).event(e), i = e.changedTouches, a = i.length, s, c, l, u;
			for (Us(e), s = 0; s < a; ++s) c = i[s], l = Ir(c, this), r.touch0 && r.touch0[2] === c.identifier ? r.touch0[0] = l : r.touch1 && r.touch1[2] === c.identifier && (r.touch1[0] = l);
			if (c = r.that.__zoom, r.touch1) {
				var d = r.touch0[0], f = r.touch0[1], p = r.touch1[0], m = r.touch1[1], h = (h = p[0] - d[0]) * h + (h = p[1] - d[1]) * h, g = (g = m[0] - f[0]) * g + (g = m[1] - f[1]) * g;
				c = v(c, Math.sqrt(h / g)), l = [(d[0] + p[0]) / 2, (d[1] + p[1]) / 2], u = [(f[0] + m[0]) / 2, (f[1] + m[1]) / 2];
			} else if (r.touch0) l = r.touch0[0], u = r.touch0[1];
			else return;
			r.zoom("touch", n(y(c, l, u), r.extent, o));
		}
	}
	function te(e, ...t) {
		if (this.__zooming) {
			var n = S(this, t).event(e), r = e.changedTouches, i = r.length, a, o;
			for (Hs(e), f && clearTimeout(f), f = setTimeout(function() {
				f = null;
			}, p), a = 0; a < i; ++a) o = r[a], n.touch0 && n.touch0[2] === o.identifier ? delete n.touch0 : n.touch1 && n.touch1[2] === o.identifier && delete n.touch1;
			if (n.touch1 && !n.touch0 && (n.touch0 = n.touch1, delete n.touch1), n.touch0) n.touch0[1] = this.__zoom.invert(n.touch0[0]);
			else if (n.end(), n.taps === 2 && (o = Ir(o, this), Math.hypot(d[0] - o[0], d[1] - o[1]) < g)) {
				var s = V(this).on("dblclick.zoom");
				s && s.apply(this, arguments);
			}
		}
	}
	return _.wheelDelta = function(e) {
		return arguments.length ? (r = typeof e == "function" ? e : Ls(+e), _) : r;
	}, _.filter = function(t) {
		return arguments.length ? (e = typeof t == "function" ? t : Ls(!!t), _) : e;
	}, _.touchable = function(e) {
		return arguments.length ? (i = typeof e == "function" ? e : Ls(!!e), _) : i;
	}, _.extent = function(e) {
		return arguments.length ? (t = typeof e == "function" ? e : Ls([[+e[0][0], +e[0][1]], [+e[1][0], +e[1][1]]]), _) : t;
	}, _.scaleExtent = function(e) {
		return arguments.length ? (a[0] = +e[0], a[1] = +e[1], _) : [a[0], a[1]];
	}, _.translateExtent = function(e) {
		return arguments.length ? (o[0][0] = +e[0][0], o[1][0] = +e[1][0], o[0][1] = +e[0][1], o[1][1] = +e[1][1], _) : [[o[0][0], o[0][1]], [o[1][0], o[1][1]]];
	}, _.constrain = function(e) {
		return arguments.length ? (n = e, _) : n;
	}, _.duration = function(e) {
		return arguments.length ? (s = +e, _) : s;
	}, _.interpolate = function(e) {
		return arguments.length ? (c = e, _) : c;
	}, _.on = function() {
		var e = l.on.apply(l, arguments);
		return e === l ? _ : e;
	}, _.clickDistance = function(e) {
		return arguments.length ? (h = (e = +e) * e, _) : Math.sqrt(h);
	}, _.tapDistance = function(e) {
		return arguments.length ? (g = +e, _) : g;
	}, _;
}
// src/model/layout.ts
var [Z, Q, Zs, Qs, $] = [
	46,
	24,
	22,
	48,
	34
], $s = 14;
function ec(e, t, n) {
	let { layers: r, heads: i, mlps: a, parallel: o, embeddings: s } = e.shape, c = s.length, l = i + +!!a, u = n === "grid", d = Array.from({ length: r }, (e, n) => {
		let r = c + n * l;
		return {
			layer: n,
			row: Array.from({ length: i }, (e, t) => r + t).filter((e) => u || t(e)),
			mlp: a && (u || t(r + i)) ? r + i : null
		};
	}).filter(({ row: e, mlp: t }) => e.length || t !== null), f = Math.max(1, ...d.map(({ row: e }) => e.length)) * (Z + Zs), p = $ + f + (a ? Z + 2 * Zs : 0), m = o ? 0 : Q + (Qs - Q) / 2, h = Q + Qs, g = 2 * (Q + $) + d.length * h + Qs, _ = e.nodes.map(() => null), v = p - $;
	s.forEach((e, t) => {
		let n = v / s.length - (s.length > 1 ? Zs : 0), r = $ + v * (t + .5) / s.length;
		_[t] = {
			x: r,
			y: g - $ - Q,
			width: n,
			height: Q
		};
	}), _[e.logits] = {
		x: $ + v / 2,
		y: $,
		width: v,
		height: Q
	};
	let y = d.map(({ layer: e, row: t, mlp: n }, r) => {
		let i = g - $ - Q - Qs - Q - r * h, a = $ + (f - t.length * (Z + Zs)) / 2;
		if (t.forEach((e, t) => {
			let n = a + (t + .5) * (Z + Zs);
			_[e] = {
				x: n,
				y: i,
				width: Z,
				height: Q
			};
		}), n !== null) {
			let e = $ + f + Zs + Z / 2;
			_[n] = {
				x: e,
				y: i - m,
				width: Z,
				height: Q
			};
		}
		return {
			layer: e,
			y: i + Q / 2
		};
	});
	return {
		boxes: _,
		width: p + $,
		height: g,
		rows: y
	};
}
function tc(e) {
	return e ? (Ie.indexOf(e) - 1) * $s : 0;
}
function nc(e, t, n) {
	let r = t.x + tc(n), i = e.x;
	e.width > Z && (i = rc(r, e)), t.width > Z && (r = rc(i, t));
	let a = e.y, o = t.y + t.height, s = Math.max((a - o) * .42, Math.min(18, a - o)), c = (a - o) / (Q + Qs), l = c > 1 && Math.abs(r - i) < Z / 2 ? 12 + 7 * Math.min(c, 8) : 0;
	return [
		i,
		a,
		i + l,
		a - s,
		r + l,
		o + s,
		r,
		o
	];
}
function rc(e, t) {
	let n = t.width / 2 - 8;
	return Math.max(t.x - n, Math.min(t.x + n, e));
}
function ic(e, t) {
	let [n, r, i, a] = [
		(1 - t) ** 3,
		3 * (1 - t) ** 2 * t,
		3 * (1 - t) * t ** 2,
		t ** 3
	];
	return [n * e[0] + r * e[2] + i * e[4] + a * e[6], n * e[1] + r * e[3] + i * e[5] + a * e[7]];
}
// src/looks.ts
var ac = {
	q: [],
	k: [4, 1.6],
	v: [1.1, 1.3],
	"": []
}, oc = [2, 3], [sc, cc, lc] = [
	.9,
	6.4,
	8
];
function uc(e, t, n) {
	let { run: r } = t, i = e.shared.value;
	if (e.view.value.truth && i) {
		let e = r.graph.key(r.edges.readers[n], r.edges.sources[n]);
		return i.keys[1 - t.index].has(e) ? "both" : t.index ? "second" : "first";
	}
	return e.view.value.truth && t.judged.value ? t.judged.value.verdictOf(n) : r.data.edges.scored ? r.edges.scores[n] < 0 ? "minus" : "plus" : "plain";
}
var dc = {
	plus: "helps",
	minus: "harms",
	hit: "known",
	false: "not known",
	unjudged: "not judged",
	miss: "missed",
	both: "in both",
	first: "only in the first",
	second: "only in the second",
	plain: ""
};
function fc(e, t) {
	let n = t > 0 ? Math.sqrt(Math.min(1, Math.abs(e) / t)) : 0;
	return sc + (cc - sc) * Math.round(n * lc) / lc;
}
function pc(e, t) {
	let n = 0;
	for (let r = 0; r < t.length; r++) n = Math.max(n, Math.abs(e.edges.scores[t[r]]));
	return n;
}
function mc(e, t, n, r, i, a) {
	let { edges: o } = t.run, s = [];
	for (let c of n) {
		let n = i[uc(e, t, c)], l = t.run.data.edges.scored ? fc(o.scores[c], a) : 1.8;
		gc(s, t.run, r, o.sources[c], o.readers[c], n, l);
	}
	return s;
}
function hc(e, t, n, r) {
	let i = t.judged.value, a = [];
	if (!e.view.value.truth || e.shared.value || !i) return a;
	let o = t.run.graph.nodes.length;
	for (let e of i.missed) gc(a, t.run, n, e % o, Math.floor(e / o), r.miss, 1.8, oc);
	return a;
}
function gc(e, t, n, r, i, a, o, s) {
	let c = t.graph.readerParts[i], l = n.boxes[r];
	for (let r of t.graph.fed[i]) {
		let t = n.boxes[r];
		if (!l || !t) continue;
		let i = (s ?? ac[c]).map((e) => e * Math.max(o, 1.6));
		e.push({
			curve: nc(l, t, c),
			colour: a,
			width: o,
			dashes: i
		});
	}
}
function _c(e) {
	let t = getComputedStyle(e);
	return Object.fromEntries(Object.keys(dc).map((e) => [e, t.getPropertyValue(`--edge-${e}`).trim()]));
}
// src/painter.ts
var [vc, yc, bc] = [
	1500,
	500,
	1200
], xc = class {
	upper;
	lower;
	frame = 0;
	constructor(e, t) {
		this.upper = e, this.lower = t;
	}
	paint(e, t, n, r = () => {}) {
		cancelAnimationFrame(this.frame);
		let i = e.length > vc ? yc : e.length, a = Sc(this.upper, n, .85);
		for (let n of t(e.subarray(0, i)).reverse()) Cc(a, [n], n.width, n.dashes);
		let o = Sc(this.lower, n, .5), s = () => {
			let n = e.subarray(i, i + bc);
			i += n.length;
			for (let e of wc(t(n))) Cc(o, e, .7, []);
			i < e.length ? this.frame = requestAnimationFrame(s) : r();
		};
		s();
	}
};
function Sc(e, t, n) {
	let r = window.devicePixelRatio || 1, [i, a] = [e.clientWidth, e.clientHeight].map((e) => Math.round(e * r));
	(e.width !== i || e.height !== a) && ([e.width, e.height] = [i, a]);
	let o = e.getContext("2d");
	return o.setTransform(1, 0, 0, 1, 0, 0), o.clearRect(0, 0, i, a), o.setTransform(r * t.k, 0, 0, r * t.k, r * t.x, r * t.y), o.globalAlpha = n, o;
}
function Cc(e, t, n, r) {
	e.strokeStyle = t[0].colour, e.lineWidth = n, e.setLineDash(r), e.beginPath();
	for (let { curve: n } of t) e.moveTo(n[0], n[1]), e.bezierCurveTo(n[2], n[3], n[4], n[5], n[6], n[7]);
	e.stroke();
}
function wc(e) {
	let t = /* @__PURE__ */ new Map();
	for (let n of e) {
		let e = t.get(n.colour);
		e ? e.push(n) : t.set(n.colour, [n]);
	}
	return [...t.values()];
}
// src/model/address.ts
function Tc(e) {
	return {
		size: Math.min(e[0].data.chosen.size, e[0].edges.length),
		pin: "",
		search: "",
		filters: Re(e[0]),
		truth: e.length > 1,
		arrangement: e[0].graph.shape.heads > 16 ? "compact" : "grid",
		theme: "auto",
		example: 0,
		sort: {
			column: "rank",
			down: !1
		}
	};
}
function Ec(e, t, n) {
	let r = new URLSearchParams(e.replace(/^#/, "")), i = structuredClone(t), a = (e, t, n) => t.find((t) => t === r.get(e)) ?? n, o = (e, t, n) => {
		let i = r.get(e);
		return i !== null && /^\d+$/.test(i) ? Math.min(Number(i), t) : n;
	};
	i.size = o("edges", Math.max(...n.map((e) => e.edges.length)), t.size), i.pin = r.get("pin") ?? "", i.search = r.get("search") ?? "";
	let s = /^(-?\d+)to(\d+)$/.exec(r.get("layers") ?? "");
	s && (i.filters.layers = [Number(s[1]), Number(s[2])]);
	let c = a("sign", [
		"plus",
		"minus",
		"all"
	], "all");
	if (i.filters.sign = c === "plus" ? "+" : c === "minus" ? "-" : "all", r.has("parts")) {
		let e = r.get("parts").split(" ");
		i.filters.parts = Ie.filter((t) => e.includes(t || "other"));
	}
	let l = r.get("role") ?? "";
	i.filters.role = Object.hasOwn(n[0].data.roles, l) ? l : "", i.truth = a("colour", ["found", "sign"], t.truth ? "found" : "sign") === "found", i.arrangement = a("layout", ["grid", "compact"], t.arrangement), i.theme = a("theme", [
		"auto",
		"light",
		"dark"
	], "auto"), i.example = o("example", Math.max(0, n[0].data.examples.length - 1), 0);
	let [u, d] = (r.get("sort") ?? "rank").split(" ");
	return i.sort = {
		column: [
			"rank",
			"edge",
			"score",
			"part",
			"found"
		].find((e) => e === u) ?? "rank",
		down: d === "down"
	}, i;
}
// src/model/circuit.ts
function Dc(e, t, n) {
	let { graph: r, edges: i } = e, a = Math.min(t, i.length), o = new Uint8Array(r.nodes.length), s = new Uint8Array(r.nodes.length);
	n ? Oc(e, a, o, s) : (o.fill(1), s.fill(1));
	let c = [], l = new Uint16Array(r.nodes.length), u = new Uint16Array(r.nodes.length);
	for (let e = 0; e < a; e++) {
		let t = i.sources[e], n = r.fed[i.readers[e]];
		if (o[t] && n.some((e) => s[e])) {
			c.push(e), u[t]++;
			for (let e of n) l[e]++;
		}
	}
	return {
		size: a,
		ranks: Uint32Array.from(c),
		entering: l,
		leaving: u
	};
}
function Oc(e, t, n, r) {
	let { graph: i, edges: a } = e, o = i.nodes.map(() => []);
	for (let e = 0; e < t; e++) for (let t of i.fed[a.readers[e]]) o[t].push(a.sources[e]);
	i.nodes.forEach((e, t) => {
		(e.kind === "embedding" || o[t].some((e) => n[e])) && (n[t] = 1);
	}), r[i.logits] = 1;
	for (let e = i.logits; e >= 0; e--) if (r[e]) for (let t of o[e]) r[t] = 1;
}
function kc(e, t) {
	let n = /* @__PURE__ */ new Set();
	for (let t = 0; t < e; t = Math.max(t + 1, Math.round(t * 1.01))) n.add(t);
	return n.add(e), n.add(Math.min(t, e)), [...n].sort((e, t) => e - t);
}
function Ac(e, t) {
	let n = 0;
	return e.forEach((r, i) => {
		Math.abs(r - t) < Math.abs(e[n] - t) && (n = i);
	}), n;
}
// src/model/comparison.ts
function jc(e, t) {
	let [n, r] = e.map((e, n) => Mc(e, t[n])), i = 0;
	for (let e of n) r.has(e) && i++;
	let a = n.size + r.size - i;
	return {
		both: i,
		only: [n.size - i, r.size - i],
		jaccard: a ? i / a : 1,
		keys: [n, r]
	};
}
function Mc(e, t) {
	let { graph: n, edges: r } = e;
	return new Set(Array.from(t.ranks, (e) => n.key(r.readers[e], r.sources[e])));
}
// src/model/paths.ts
function Nc(e, t) {
	let { graph: n, edges: r } = e, i = n.nodes.map(() => []), a = n.nodes.map(() => []);
	for (let e = 0; e < t.length; e++) {
		let o = t[e];
		a[r.sources[o]].push(o);
		for (let e of n.fed[r.readers[o]]) i[e].push(o);
	}
	return {
		into: i,
		outOf: a
	};
}
function Pc(e, t, n) {
	let { graph: r, edges: i } = e, a = {
		ranks: /* @__PURE__ */ new Set(),
		nodes: /* @__PURE__ */ new Set([n])
	}, o = /* @__PURE__ */ new Set([n]);
	for (let e = n; e >= 0; e--) if (o.has(e)) for (let n of t.into[e]) o.add(i.sources[n]), a.ranks.add(n);
	let s = /* @__PURE__ */ new Set([n]);
	for (let e = n; e < r.nodes.length; e++) if (s.has(e)) for (let n of t.outOf[e]) {
		for (let e of r.fed[i.readers[n]]) s.add(e);
		a.ranks.add(n);
	}
	for (let e of [...o, ...s]) a.nodes.add(e);
	return a;
}
function Fc(e, t) {
	let { graph: n, edges: r } = e;
	return {
		ranks: /* @__PURE__ */ new Set([t]),
		nodes: /* @__PURE__ */ new Set([r.sources[t], ...n.fed[r.readers[t]]])
	};
}
// src/model/report.ts
function Ic(e) {
	let t = atob(e.base64), n = new Uint8Array(t.length);
	for (let e = 0; e < t.length; e++) n[e] = t.charCodeAt(e);
	return e.type === "u8" ? n : e.type === "u16" ? new Uint16Array(n.buffer) : new Float32Array(n.buffer);
}
function Lc(e) {
	let t = new Le(e.graph), [n, r, i] = [
		e.edges.sources,
		e.edges.readers,
		e.edges.scores
	].map(Ic), a = {
		sources: n,
		readers: r,
		scores: i,
		length: n.length
	}, o = /* @__PURE__ */ new Map();
	for (let e = 0; e < a.length; e++) o.set(t.key(r[e], n[e]), e);
	let s = (e) => {
		let [n, r] = e.map(Ic);
		return new Set(Array.from(n, (e, n) => t.key(r[n], e)));
	}, c = e.known;
	return {
		data: e,
		graph: t,
		edges: a,
		ranks: o,
		known: c && s([c.sources, c.readers]),
		backups: c ? s([c.backupSources, c.backupReaders]) : /* @__PURE__ */ new Set()
	};
}
// src/model/search.ts
function Rc(e, t, n) {
	let r = n.trim().toLowerCase();
	if (!r) return /* @__PURE__ */ new Set();
	let i = /^(\d+)\.(\d+)$/.exec(r), a = /^(?:layer|l)\s*(\d+)$/.exec(r), o = (t) => new Set(e.nodes.flatMap((e, n) => t(e.name.toLowerCase(), e.layer) ? [n] : []));
	if (i) return o((e) => e === `a${i[1]}.h${i[2]}`);
	if (a) return o((e, t) => t === Number(a[1]));
	if (r.includes("->")) {
		let e = r.split("->").map((e) => e.replace(/<.>$/, ""));
		return o((t) => e.includes(t));
	}
	let s = o((e) => e === r);
	if (s.size) return s;
	let c = Object.entries(t).flatMap(([t, n]) => t.toLowerCase().includes(r) ? n.map((t) => e.nodeOf(t)) : []);
	return c.length ? new Set(c.filter((e) => e >= 0)) : o((e) => e.startsWith(r));
}
// src/model/truth.ts
function zc(e, t) {
	if (!e.known) return null;
	let { graph: n, edges: r } = e, { known: i, backups: a } = e, o = (e) => {
		let t = n.key(r.readers[e], r.sources[e]);
		return i.has(t) ? "hit" : a.has(t) ? "unjudged" : "false";
	}, s = new Set(t.ranks), c = [...i].filter((t) => !s.has(e.ranks.get(t) ?? -1)), l = [...a].filter((t) => s.has(e.ranks.get(t) ?? -1)).length, u = i.size - c.length;
	return {
		verdictOf: o,
		missed: c,
		hits: u,
		falseFinds: t.ranks.length - u - l
	};
}
function Bc(e, t) {
	let n = e.known.size, r = t.hits + t.falseFinds, i = (e, t) => t ? `${Math.round(100 * e / t)}%` : "-";
	return `${t.hits} of ${n} known edges found (recall ${i(t.hits, n)}), ${t.falseFinds} false (precision ${i(t.hits, r)})`;
}
// src/theme.ts
function Vc(e) {
	let t = matchMedia("(prefers-color-scheme: dark)"), n = at(Hc(t));
	return t.addEventListener("change", () => n.value = Hc(t)), R(() => {
		let { theme: t } = e.value;
		return t === "auto" ? n.value : t === "dark";
	});
}
function Hc(e) {
	let t = document.body.dataset.jpThemeLight;
	return t === void 0 ? e.matches : t === "false";
}
// src/session.ts
function Uc(e, t) {
	let n = e.runs.map(Lc), r = Tc(n), i = at(Ec(t, r, n)), a = at(""), o = n.map((e, t) => Wc(e, t, i, a));
	return {
		report: e,
		sides: o,
		sizes: kc(Math.max(...n.map((e) => e.edges.length)), r.size),
		view: i,
		start: r,
		hover: a,
		shared: R(() => n.length < 2 ? null : jc(n, o.map((e) => e.circuit.value))),
		dark: Vc(i),
		change(e) {
			i.value = {
				...i.value,
				...e
			};
		}
	};
}
function Wc(e, t, n, r) {
	let i = R(() => n.value.size), a = R(() => n.value.filters), o = R(() => n.value.search), s = R(() => n.value.arrangement), c = R(() => n.value.truth), l = R(() => r.value || n.value.pin), u = R(() => Dc(e, i.value, e.data.chosen.prune)), d = R(() => ze(e, u.value.ranks, a.value)), f = R(() => Nc(e, d.value)), p = R(() => zc(e, u.value)), m = R(() => c.value && p.value ? Kc(e, p.value.missed) : /* @__PURE__ */ new Set());
	return {
		run: e,
		index: t,
		circuit: u,
		visible: d,
		links: f,
		judged: p,
		layout: R(() => {
			if (s.value === "grid") return ec(e.graph, () => !0, "grid");
			let { entering: t, leaving: n } = u.value;
			return ec(e.graph, (e) => t[e] + n[e] > 0 || m.value.has(e), "compact");
		}),
		found: R(() => Rc(e.graph, e.data.roles, o.value)),
		lit: R(() => {
			if (!l.value) return null;
			if (!l.value.includes("->")) {
				let t = e.graph.nodeOf(l.value);
				return t < 0 ? null : Pc(e, f.value, t);
			}
			let t = Gc(e, l.value);
			return t === null ? null : Fc(e, t);
		})
	};
}
function Gc(e, t) {
	let [n, r] = t.split("->"), [i, a] = [e.graph.nodeOf(n), e.graph.readerNames.indexOf(r)];
	return i < 0 || a < 0 ? null : e.ranks.get(e.graph.key(a, i)) ?? null;
}
function Kc(e, t) {
	let n = e.graph.nodes.length;
	return new Set(t.flatMap((t) => [t % n, ...e.graph.fed[Math.floor(t / n)]]));
}
// src/parts/Tip.tsx
function qc({ session: e, side: t, pointer: n }) {
	let r = n.value, i = e.hover.value;
	if (!r || !i) return null;
	let a = i.includes("->") ? Yc(e, t, i) : Jc(t, i);
	return /* @__PURE__ */ P("div", {
		class: "tip",
		style: {
			left: `${r.x + 14}px`,
			top: `${r.y + 14}px`
		},
		children: a.map((e, t) => /* @__PURE__ */ P("div", { children: e }, t))
	});
}
function Jc(e, t) {
	let n = e.run.graph.nodeOf(t);
	if (n < 0) return [t];
	let { entering: r, leaving: i } = e.circuit.value, a = Object.keys(e.run.data.roles).filter((n) => e.run.data.roles[n].includes(t)), o = `${r[n]} in, ${i[n]} out`;
	return [
		t,
		...a,
		r[n] + i[n] ? o : "not in the circuit"
	];
}
function Yc(e, t, n) {
	let r = Gc(t.run, n);
	if (r === null) return [n];
	let i = [n];
	return t.run.data.edges.scored && i.push(`score ${Xc(t.run.edges.scores[r])}, rank ${r + 1}`), [...i, dc[uc(e, t, r)]].filter(Boolean);
}
function Xc(e) {
	if (!e) return "0";
	let t = Math.abs(e) >= .001 && Math.abs(e) < 1e4 ? e.toPrecision(4) : e.toExponential(2);
	return e > 0 ? `+${t}` : t.replace("-", "−");
}
// src/parts/Nodes.tsx
function Zc({ session: e, side: t, transform: n }) {
	return /* @__PURE__ */ P("g", {
		transform: n.value.toString(),
		children: [/* @__PURE__ */ P(Qc, { side: t }), /* @__PURE__ */ P($c, {
			session: e,
			side: t
		})]
	});
}
function Qc({ side: e }) {
	return /* @__PURE__ */ P("g", {
		class: "rows",
		"aria-hidden": "true",
		children: e.layout.value.rows.map(({ layer: e, y: t }) => /* @__PURE__ */ P("text", {
			x: 14,
			y: t + 4,
			children: e
		}, e))
	});
}
function $c({ session: e, side: t }) {
	let { graph: n } = t.run, { entering: r, leaving: i } = t.circuit.value, a = t.layout.value, o = t.lit.value, s = t.found.value, { pin: c } = e.view.value, l = n.nodes.findIndex((e, t) => a.boxes[t] && r[t] + i[t] > 0), u = n.nodeOf(c), d = u >= 0 && a.boxes[u] ? u : l, f = nl(t);
	return /* @__PURE__ */ P("g", { children: n.nodes.map((n, l) => {
		let u = a.boxes[l];
		if (!u) return null;
		let p = r[l] + i[l] > 0;
		return /* @__PURE__ */ P("g", {
			class: [
				"node",
				n.kind,
				p ? "used" : "unused",
				o && !o.nodes.has(l) ? "dim" : "",
				s.has(l) ? "found" : "",
				c === n.name ? "pinned" : ""
			].join(" "),
			"data-node": n.name,
			role: "button",
			"aria-pressed": c === n.name,
			"aria-label": [[n.name, ...tl(f[l])].join(" "), ...Jc(t, n.name).slice(1)].join(", "),
			tabIndex: l === d ? 0 : -1,
			transform: `translate(${u.x},${u.y})`,
			onPointerEnter: () => e.hover.value = n.name,
			onPointerLeave: () => e.hover.value = "",
			onFocus: () => e.hover.value = n.name,
			onBlur: () => e.hover.value = "",
			onClick: () => e.change({ pin: c === n.name ? "" : n.name }),
			onKeyDown: (n) => rl(n, e, t, l, a),
			children: [
				/* @__PURE__ */ P("rect", {
					x: -u.width / 2,
					width: u.width,
					height: u.height,
					rx: n.kind === "head" ? 5 : 11
				}),
				/* @__PURE__ */ P("text", {
					y: n.kind === "head" && p ? 11 : 16,
					children: n.name
				}),
				n.kind === "head" && p && /* @__PURE__ */ P(el, {
					box: u,
					read: f[l]
				})
			]
		}, n.name);
	}) });
}
function el({ box: e, read: t }) {
	return /* @__PURE__ */ P("g", {
		class: "ports",
		"aria-hidden": "true",
		children: tl(t).map((t) => /* @__PURE__ */ P("text", {
			x: tc(t),
			y: e.height - 3,
			children: ` ${t}`
		}, t))
	});
}
function tl(e) {
	return Ie.filter((t) => t && e.has(t));
}
function nl(e) {
	let { graph: t, edges: n } = e.run, r = t.nodes.map(() => /* @__PURE__ */ new Set());
	for (let i of e.circuit.value.ranks) {
		let e = n.readers[i];
		for (let n of t.fed[e]) r[n].add(t.readerParts[e]);
	}
	return r;
}
function rl(e, t, n, r, i) {
	let { name: a } = n.run.graph.nodes[r];
	if (e.key === "Enter" || e.key === " ") t.change({ pin: t.view.value.pin === a ? "" : a });
	else if (e.key.startsWith("Arrow")) {
		let t = il(n, r, i, e.key);
		if (t === null) return;
		e.currentTarget.closest("svg").querySelector(`[data-node="${CSS.escape(n.run.graph.nodes[t].name)}"]`)?.focus();
	} else return;
	e.preventDefault();
}
function il(e, t, n, r) {
	let { entering: i, leaving: a } = e.circuit.value, o = n.boxes[t], s = r === "ArrowLeft" || r === "ArrowRight", c = r === "ArrowLeft" || r === "ArrowUp" ? -1 : 1, [l, u] = [null, Infinity];
	return n.boxes.forEach((e, n) => {
		if (!e || n === t || !(i[n] + a[n])) return;
		let [r, d] = [e.x - o.x, e.y - o.y], [f, p] = s ? [r * c, Math.abs(d)] : [d * c, Math.abs(r)];
		if (f <= 1 || s && p > 1) return;
		let m = f + 2 * Math.max(0, p - (e.width + o.width) / 2);
		m < u && ([l, u] = [n, m]);
	}), l;
}
// src/parts/Drawing.tsx
var [al, ol] = [6, 3e3];
function sl({ session: e, side: t }) {
	let n = De(null), r = De(null), i = De(null), a = De(null), o = wt(Bs), s = wt({
		width: 0,
		height: 0
	}), c = wt(null), l = Oe(() => Xs().scaleExtent([.1, 6]).on("zoom", (e) => o.value = e.transform), []), u = Tt(() => t.lit.value !== null), d = () => {
		let { width: e, height: n } = t.layout.value, r = s.value;
		if (!r.width || !a.current) return;
		let i = Math.min((r.width - 16) / e, (r.height - 16) / n, 1.6), [o, c] = [(r.width - i * e) / 2, (r.height - i * n) / 2];
		V(a.current).call(l.transform, Bs.translate(o, c).scale(i));
	};
	return Ee(() => {
		V(a.current).call(l).on("dblclick.zoom", d);
		let c = new ResizeObserver(() => {
			let e = n.current;
			e && (s.value = {
				width: e.clientWidth,
				height: e.clientHeight
			});
		});
		c.observe(n.current);
		let [u, f] = [r, i].map(({ current: e }) => {
			let [t, n] = e.querySelectorAll("canvas");
			return new xc(n, t);
		}), p = !0, m = [
			z(() => {
				t.layout.value, s.value, d();
			}),
			z(() => {
				e.dark.value;
				let [r, i] = [t.visible.value, t.layout.value];
				if (!s.value.width || !n.current) return;
				let a = _c(n.current), c = pc(t.run, r), l = hc(e, t, i, a);
				u.paint(r, (n) => mc(e, t, n, i, a, c).concat(n[0] === r[0] ? l : []), o.value, () => n.current?.setAttribute("data-drawn", `${r.length}`));
			}),
			z(() => {
				let [r, i] = [t.lit.value, t.layout.value];
				if (!r && p || (p = !r, e.dark.value, !s.value.width || !n.current)) return;
				let [a, c] = [t.visible.value, o.value], l = r ? a.filter((e) => r.ranks.has(e)) : /* @__PURE__ */ new Uint32Array(), [u, d] = [_c(n.current), pc(t.run, a)];
				f.paint(l, (n) => mc(e, t, n, i, u, d), c);
			})
		];
		return () => {
			c.disconnect();
			for (let e of m) e();
		};
	}, []), /* @__PURE__ */ P("div", {
		class: "drawing",
		ref: n,
		children: [
			/* @__PURE__ */ P("div", {
				ref: r,
				class: u.value ? "layer dimmed" : "layer",
				"aria-hidden": "true",
				children: [/* @__PURE__ */ P("canvas", {}), /* @__PURE__ */ P("canvas", {})]
			}),
			/* @__PURE__ */ P("div", {
				ref: i,
				class: "layer",
				"aria-hidden": "true",
				children: [/* @__PURE__ */ P("canvas", {}), /* @__PURE__ */ P("canvas", {})]
			}),
			/* @__PURE__ */ P("svg", {
				ref: a,
				role: "group",
				"aria-label": `Circuit of ${t.run.data.name}: nodes from the embedding at the bottom to the logits on top. Arrow keys move, Enter pins, Escape lets go.`,
				onPointerMove: (r) => {
					let i = n.current.getBoundingClientRect();
					c.value = {
						x: r.clientX - i.left,
						y: r.clientY - i.top
					}, r.target.closest(".node") || (e.hover.value = cl(t, o.value.invert([c.value.x, c.value.y]), o.value.k));
				},
				onPointerLeave: () => {
					c.value = null, e.hover.value = "";
				},
				onClick: (t) => {
					t.target.closest(".node") || e.change({ pin: e.hover.value });
				},
				children: /* @__PURE__ */ P(Zc, {
					session: e,
					side: t,
					transform: o
				})
			}),
			/* @__PURE__ */ P(qc, {
				session: e,
				side: t,
				pointer: c
			}),
			/* @__PURE__ */ P("button", {
				type: "button",
				class: "fit",
				onClick: d,
				title: "Show all of it (or double-click)",
				children: "Fit"
			})
		]
	});
}
function cl(e, [t, n], r) {
	let { run: i } = e, a = e.visible.value;
	if (a.length > ol) return "";
	let o = e.layout.value, [s, c] = ["", (al / r) ** 2];
	for (let e of a) {
		let r = i.edges.readers[e], a = o.boxes[i.edges.sources[e]];
		for (let l of i.graph.fed[r]) {
			let u = o.boxes[l];
			if (!a || !u || n > a.y + al || n < u.y) continue;
			let d = ll(nc(a, u, i.graph.readerParts[r]), t, n);
			d < c && ([s, c] = [i.graph.edgeName(r, i.edges.sources[e]), d]);
		}
	}
	return s;
}
function ll(e, t, n) {
	let [r, i] = [0, 1];
	for (let t = 0; t < 12; t++) {
		let t = (r + i) / 2;
		ic(e, t)[1] > n ? r = t : i = t;
	}
	let [a, o] = ic(e, r), [s, c] = ic(e, Math.min(1, r + .01)), [l, u] = [c - o, s - a], d = l ** 2 / (l ** 2 + u ** 2 || 1);
	return (a - t) ** 2 * d + (o - n) ** 2 * .25;
}
// src/model/table.ts
function ul(e, t, n) {
	let r = /* @__PURE__ */ new Map();
	return e.forEach(({ graph: i, edges: a }, o) => {
		for (let s of t[o]) {
			let t = i.key(a.readers[s], a.sources[s]), c = r.get(t);
			c ? c.ranks[o] = s : r.set(t, {
				key: t,
				ranks: e.map((e, t) => t === o ? s : null),
				found: n(o, s)
			});
		}
	}), [...r.values()];
}
function dl(e, t, n, r) {
	if (e.length === 1 && n === "rank") return r ? t.toReversed() : t;
	let [{ graph: i, edges: a }] = e, o = i.nodes.length, s = {
		rank: (e) => Math.min(...e.ranks.map((e) => e ?? a.length)),
		edge: (e) => e.key,
		score: (t) => {
			let n = t.ranks.findIndex((e) => e !== null);
			return e[n].edges.scores[t.ranks[n]];
		},
		part: (e) => i.readerParts[Math.floor(e.key / o)],
		found: (e) => e.found
	}, c = t.map((e) => ({
		row: e,
		by: s[n](e),
		rank: s.rank(e)
	})), l = r ? -1 : 1;
	return c.sort((e, t) => e.by < t.by ? -l : e.by > t.by ? l : e.rank - t.rank), c.map(({ row: e }) => e);
}
function fl(e, t) {
	let n = e.graph.nodes.length;
	return e.graph.edgeName(Math.floor(t.key / n), t.key % n);
}
function pl(e, t, n) {
	let [r] = e, i = t.some((e) => e.found), a = [
		"edge",
		"part",
		...e.flatMap(({ data: e }) => [`rank in ${e.name}`, `score in ${e.name}`])
	], o = t.map((t) => {
		let n = r.graph.readerParts[Math.floor(t.key / r.graph.nodes.length)], a = t.ranks.flatMap((t, n) => t === null ? ["", ""] : [`${t + 1}`, `${e[n].edges.scores[t]}`]);
		return [
			fl(r, t),
			n,
			...a,
			...i ? [t.found] : []
		];
	}), s = (e) => {
		let t = e.replace(/[\t\n\r]/g, " ");
		return n === "," && /[",]/.test(t) ? `"${t.replaceAll("\"", "\"\"")}"` : t;
	};
	return [[...a, ...i ? ["found"] : []], ...o].map((e) => e.map(s).join(n)).join("\n") + "\n";
}
// src/parts/EdgeTable.tsx
var [ml, hl, gl] = [
	26,
	320,
	2e3
];
function _l({ session: e }) {
	let t = wt(0), n = wt(""), r = e.sides.map((e) => e.run), i = vl(() => e.sides.map((e) => e.visible.value)), a = Tt(() => ul(r, i.value, (t, n) => bl(e, t, n))), o = Tt(() => e.view.value.sort), s = Tt(() => dl(r, a.value, o.value.column, o.value.down)).value, c = e.shared.value !== null || r[0].known !== null, l = [
		["rank", "rank"],
		["edge", "edge"],
		["score", "score"],
		["part", "into"],
		...c ? [["found", r.length > 1 ? "in" : "known"]] : []
	], u = Math.max(0, Math.min(Math.floor(t.value / ml) - 5, s.length - 1)), d = Math.min(s.length, u + Math.ceil(hl / ml) + 10), f = (t) => {
		let { sort: n } = e.view.value;
		e.change({ sort: {
			column: t,
			down: n.column === t ? !n.down : t === "score"
		} });
	};
	return /* @__PURE__ */ P("section", {
		class: "panel edges",
		"aria-label": "Edges",
		children: [
			/* @__PURE__ */ P("h2", { children: ["Edges ", /* @__PURE__ */ P("span", {
				class: "count",
				children: s.length.toLocaleString("en")
			})] }),
			/* @__PURE__ */ P("div", {
				class: "buttons",
				children: [
					/* @__PURE__ */ P("button", {
						type: "button",
						onClick: () => xl(pl(r, s, "	"), (e) => n.value = e),
						children: "Copy"
					}),
					/* @__PURE__ */ P("button", {
						type: "button",
						onClick: () => Sl(pl(r, s, ","), `${r[0].data.name}-edges.csv`),
						children: "Download CSV"
					}),
					/* @__PURE__ */ P("output", { children: n.value })
				]
			}),
			/* @__PURE__ */ P("div", {
				class: "scroll",
				tabIndex: 0,
				role: "region",
				"aria-label": "Table of edges",
				onScroll: (e) => t.value = e.currentTarget.scrollTop,
				children: /* @__PURE__ */ P("table", {
					"aria-rowcount": s.length + 1,
					children: [/* @__PURE__ */ P("thead", { children: /* @__PURE__ */ P("tr", { children: l.map(([t, n]) => {
						let { sort: r } = e.view.value, i = r.column === t ? r.down ? "descending" : "ascending" : "none";
						return /* @__PURE__ */ P("th", {
							scope: "col",
							"aria-sort": i,
							children: /* @__PURE__ */ P("button", {
								type: "button",
								onClick: () => f(t),
								children: [n, /* @__PURE__ */ P("span", {
									"aria-hidden": "true",
									children: i === "none" ? "" : r.down ? " ▾" : " ▴"
								})]
							})
						}, t);
					}) }) }), /* @__PURE__ */ P("tbody", { children: [
						u > 0 && /* @__PURE__ */ P("tr", {
							"aria-hidden": "true",
							style: { height: `${u * ml}px` }
						}),
						s.slice(u, d).map((t, n) => /* @__PURE__ */ P(yl, {
							session: e,
							row: t,
							place: u + n + 2,
							tells: c
						}, t.key)),
						d < s.length && /* @__PURE__ */ P("tr", {
							"aria-hidden": "true",
							style: { height: `${(s.length - d) * ml}px` }
						})
					] })]
				})
			})
		]
	});
}
function vl(e) {
	let t = wt(Oe(e, []));
	return Mt(() => {
		let n = e(), r = n.reduce((e, t) => e + t.length, 0) > gl, i = setTimeout(() => t.value = n, r ? 150 : 0);
		return () => clearTimeout(i);
	}), t;
}
function yl({ session: e, row: t, place: n, tells: r }) {
	let i = e.sides.map((e) => e.run), a = fl(i[0], t), o = i[0].graph.readerParts[Math.floor(t.key / i[0].graph.nodes.length)], s = (e) => t.ranks.map((t, n) => t === null ? "-" : e(n, t)).join(" | "), c = e.view.value.pin === a;
	return /* @__PURE__ */ P("tr", {
		"aria-rowindex": n,
		class: c ? "pinned" : "",
		style: { height: `${ml}px` },
		onPointerEnter: () => e.hover.value = a,
		onPointerLeave: () => e.hover.value = "",
		children: [
			/* @__PURE__ */ P("td", {
				class: "number",
				children: s((e, t) => `${t + 1}`)
			}),
			/* @__PURE__ */ P("td", { children: /* @__PURE__ */ P("button", {
				type: "button",
				class: "edge",
				"aria-pressed": c,
				onClick: () => e.change({ pin: c ? "" : a }),
				children: a
			}) }),
			/* @__PURE__ */ P("td", {
				class: "number",
				children: s((e, t) => i[e].data.edges.scored ? Xc(i[e].edges.scores[t]) : "")
			}),
			/* @__PURE__ */ P("td", { children: o || "-" }),
			r && /* @__PURE__ */ P("td", { children: t.found })
		]
	});
}
function bl(e, t, n) {
	let r = e.sides[t], i = e.shared.value;
	if (!i) return r.judged.value ? dc[r.judged.value.verdictOf(n)] : "";
	let a = r.run.graph.key(r.run.edges.readers[n], r.run.edges.sources[n]);
	return i.keys[1 - t].has(a) ? "both" : r.run.data.name;
}
async function xl(e, t) {
	try {
		await navigator.clipboard.writeText(e), t("copied");
	} catch {
		t("the browser does not allow it");
	}
}
function Sl(e, t) {
	let n = document.createElement("a");
	n.href = URL.createObjectURL(new Blob([e], { type: "text/csv" })), n.download = t, n.click(), URL.revokeObjectURL(n.href);
}
// src/parts/Facts.tsx
function Cl({ session: e }) {
	return /* @__PURE__ */ P("section", {
		class: "panel facts",
		"aria-label": "Facts of the run",
		children: [/* @__PURE__ */ P("h2", { children: "The run" }), e.report.runs.map((t, n) => /* @__PURE__ */ P("div", { children: [
			e.report.runs.length > 1 && /* @__PURE__ */ P("h3", { children: t.name }),
			/* @__PURE__ */ P(wl, { facts: t.measured }),
			t.known && /* @__PURE__ */ P(x, { children: [/* @__PURE__ */ P("h3", { children: "Beside the known circuit" }), /* @__PURE__ */ P(wl, { facts: t.known.facts })] }),
			/* @__PURE__ */ P("details", {
				open: e.report.runs.length === 1,
				children: [/* @__PURE__ */ P("summary", { children: "How it was made" }), /* @__PURE__ */ P(wl, { facts: t.facts })]
			}),
			t.notes.map((e, t) => /* @__PURE__ */ P("p", {
				class: "note",
				children: e
			}, t))
		] }, n))]
	});
}
function wl({ facts: e }) {
	return /* @__PURE__ */ P("dl", { children: e.map(([e, t]) => /* @__PURE__ */ P("div", { children: [/* @__PURE__ */ P("dt", { children: e }), /* @__PURE__ */ P("dd", { children: t })] }, e)) });
}
// src/parts/Legend.tsx
function Tl({ session: e }) {
	let { runs: t } = e.report, n = e.view.value.truth, [r] = e.sides, i = [["plus", "helps the metric"], ["minus", "harms it"]];
	return n && t.length > 1 ? i = [
		["both", "in both"],
		["first", `only in ${t[0].name}`],
		["second", `only in ${t[1].name}`]
	] : n && r.run.known ? (i = [
		["hit", "known, found"],
		["false", "found, not known"],
		["miss", "known, missed"]
	], r.run.backups.size && i.push(["unjudged", "not judged"])) : t[0].edges.scored || (i = [["plain", "in the circuit"]]), /* @__PURE__ */ P("ul", {
		class: "legend",
		"aria-label": "What lines mean",
		children: [i.map(([e, t]) => /* @__PURE__ */ P("li", { children: [
			/* @__PURE__ */ P(El, {
				look: e,
				dashes: e === "miss" ? [2, 3] : []
			}),
			" ",
			t
		] }, e)), [
			"q",
			"k",
			"v"
		].map((e) => /* @__PURE__ */ P("li", { children: [
			/* @__PURE__ */ P(El, {
				look: "plain",
				dashes: ac[e]
			}),
			" into ",
			{
				q: "a query",
				k: "a key",
				v: "a value"
			}[e]
		] }, e))]
	});
}
function El({ look: e, dashes: t }) {
	return /* @__PURE__ */ P("svg", {
		width: "30",
		height: "10",
		"aria-hidden": "true",
		children: /* @__PURE__ */ P("line", {
			x1: "1",
			x2: "29",
			y1: "5",
			y2: "5",
			class: `line-${e}`,
			"stroke-width": "2",
			"stroke-dasharray": t.map((e) => 2 * e).join(" ")
		})
	});
}
// src/parts/Attention.tsx
var Dl = 3, Ol = 11;
function kl({ session: e, node: t }) {
	let { data: n, graph: r } = e.sides[0].run;
	if (!n.examples.length) return /* @__PURE__ */ P("p", {
		class: "lacking",
		children: n.lacking
	});
	let i = Math.min(e.view.value.example, n.examples.length - 1), a = n.examples[i], o = r.nodes[r.nodeOf(t)].kind === "head";
	return /* @__PURE__ */ P("div", {
		class: "attention",
		children: [
			n.examples.length > 1 && /* @__PURE__ */ P("label", { children: ["Example", /* @__PURE__ */ P("select", {
				value: i,
				onChange: (t) => e.change({ example: Number(t.currentTarget.value) }),
				children: n.examples.map((e, t) => /* @__PURE__ */ P("option", {
					value: t,
					children: `${t + 1}: ${Al(e.clean)}`
				}, t))
			})] }),
			/* @__PURE__ */ P(jl, {
				example: a,
				node: r.nodeOf(t),
				metric: n.metric
			}),
			o && /* @__PURE__ */ P(Pl, {
				example: a,
				head: t,
				lacking: n.lacking
			})
		]
	});
}
function Al(e) {
	return e.join(e.some((e) => e.startsWith(" ")) ? "" : " ").slice(0, 42);
}
function jl({ example: e, node: t, metric: n }) {
	let r = Oe(() => e.effects && Ic(e.effects), [e]), i = e.clean.length;
	if (!r || (t + 1) * i > r.length) return /* @__PURE__ */ P(Ml, { example: e });
	let a = r.subarray(t * i, (t + 1) * i), o = Math.max(...Array.from(a, Math.abs), 1e-12);
	return /* @__PURE__ */ P(x, { children: [/* @__PURE__ */ P("h3", { children: ["What its output at each token does for ", n] }), /* @__PURE__ */ P("ol", {
		class: "tokens",
		children: e.clean.map((t, n) => {
			let r = a[n] / o;
			return /* @__PURE__ */ P("li", {
				title: `${Xc(a[n])} at token ${n}`,
				children: [
					/* @__PURE__ */ P(Nl, {
						example: e,
						at: n,
						token: t
					}),
					/* @__PURE__ */ P("span", {
						class: "bar",
						"aria-hidden": "true",
						children: /* @__PURE__ */ P("span", {
							class: r < 0 ? "minus" : "plus",
							style: { height: `${Math.round(22 * Math.abs(r))}px` }
						})
					}),
					/* @__PURE__ */ P("span", {
						class: "amount",
						children: Math.abs(r) > .1 ? Xc(a[n]) : ""
					})
				]
			}, n);
		})
	})] });
}
function Ml({ example: e }) {
	return /* @__PURE__ */ P("ol", {
		class: "tokens",
		children: e.clean.map((t, n) => /* @__PURE__ */ P("li", { children: /* @__PURE__ */ P(Nl, {
			example: e,
			at: n,
			token: t
		}) }, n))
	});
}
function Nl({ example: e, at: t, token: n }) {
	let r = e.corrupted?.[t];
	return /* @__PURE__ */ P(x, { children: [/* @__PURE__ */ P("span", {
		class: e.reads.includes(t) ? "token read" : "token",
		children: n
	}), r !== void 0 && r !== n && /* @__PURE__ */ P("span", {
		class: "token other",
		children: r
	})] });
}
function Pl({ example: e, head: t, lacking: n }) {
	let r = Oe(() => Ic(e.attention), [e]), i = e.heads.indexOf(t);
	if (i < 0) return /* @__PURE__ */ P("p", {
		class: "lacking",
		children: n
	});
	let a = e.clean.length, o = [["clean", e.clean]];
	e.corrupted && o.push(["corrupted", e.corrupted]);
	let s = a ** 2;
	return /* @__PURE__ */ P(x, { children: [/* @__PURE__ */ P("h3", { children: "Where it looks" }), /* @__PURE__ */ P("div", {
		class: "patterns",
		children: o.map(([e, t], n) => {
			let a = (i * o.length + n) * s;
			return /* @__PURE__ */ P(Fl, {
				name: e,
				tokens: t,
				weights: r.subarray(a, a + s)
			}, e);
		})
	})] });
}
function Fl({ name: e, tokens: t, weights: n }) {
	let r = Ol * t.length, i = Math.max(...t.map((e) => e.length)), a = Math.min(90, 8 + 6.2 * i), o = Array.from(n).flatMap((e, n) => {
		if (e < Dl) return [];
		let [r, i] = [Math.floor(n / t.length), n % t.length];
		return [{
			to: r,
			from: i,
			weight: e / 255
		}];
	}), s = [...o].sort((e, t) => t.weight - e.weight).slice(0, 4), c = ({ to: e, from: n, weight: r }) => `${t[e].trim()} (${e}) looks at ${t[n].trim()} (${n}): ${r.toFixed(2)}`;
	return /* @__PURE__ */ P("figure", { children: [/* @__PURE__ */ P("figcaption", { children: e }), /* @__PURE__ */ P("svg", {
		viewBox: `0 0 ${a + r} ${a + r}`,
		style: { maxWidth: `${1.5 * (a + r)}px` },
		role: "img",
		"aria-label": `Attention on the ${e} prompt: ${s.map(c).join("; ")}`,
		children: [
			/* @__PURE__ */ P("rect", {
				class: "ground",
				x: a,
				y: a,
				width: r,
				height: r
			}),
			o.map((e) => /* @__PURE__ */ P("rect", {
				class: "cell",
				x: a + e.from * Ol,
				y: a + e.to * Ol,
				width: 10.5,
				height: 10.5,
				"fill-opacity": e.weight,
				children: /* @__PURE__ */ P("title", { children: c(e) })
			}, `${e.to} ${e.from}`)),
			t.map((e, t) => /* @__PURE__ */ P("g", { children: [/* @__PURE__ */ P("text", {
				x: a - 4,
				y: a + (t + .8) * Ol,
				"text-anchor": "end",
				children: e
			}), /* @__PURE__ */ P("text", {
				transform: `translate(${a + (t + .8) * Ol},${a - 4}) rotate(-90)`,
				children: e
			})] }, t))
		]
	})] });
}
// src/parts/Selected.tsx
var Il = 6;
function Ll({ session: e }) {
	let { pin: t } = e.view.value, [n] = e.sides, r = n.run.graph.nodeOf(t);
	return /* @__PURE__ */ P("section", {
		class: "panel selected",
		"aria-label": "Pinned node",
		children: [/* @__PURE__ */ P("h2", { children: t || "Nothing pinned" }), r < 0 ? /* @__PURE__ */ P("p", {
			class: "hint",
			children: t ? "An edge is pinned: pin a node to see what it does." : "Click a node, or press Enter on it, to pin its paths and see what it does on example prompts."
		}) : /* @__PURE__ */ P(x, { children: [
			/* @__PURE__ */ P("p", {
				class: "told",
				children: Jc(n, t).slice(1).join(", ")
			}),
			/* @__PURE__ */ P("button", {
				type: "button",
				onClick: () => e.change({ pin: "" }),
				children: "Let go"
			}),
			e.sides.map((t) => /* @__PURE__ */ P(Rl, {
				session: e,
				side: t,
				at: r
			}, t.index)),
			/* @__PURE__ */ P(kl, {
				session: e,
				node: t
			})
		] })]
	});
}
function Rl({ session: e, side: t, at: n }) {
	let { into: r, outOf: i } = t.links.value, { edges: a, graph: o, data: s } = t.run, c = (t, n) => n.length > 0 && /* @__PURE__ */ P("div", { children: [
		/* @__PURE__ */ P("h3", { children: t }),
		/* @__PURE__ */ P("ul", { children: n.slice(0, Il).map((t) => {
			let n = o.edgeName(a.readers[t], a.sources[t]);
			return /* @__PURE__ */ P("li", { children: [
				/* @__PURE__ */ P("button", {
					type: "button",
					class: "edge",
					onClick: () => e.change({ pin: n }),
					children: n
				}),
				" ",
				s.edges.scored && Xc(a.scores[t])
			] }, t);
		}) }),
		n.length > Il && /* @__PURE__ */ P("p", {
			class: "hint",
			children: [
				"and ",
				n.length - Il,
				" more"
			]
		})
	] });
	return /* @__PURE__ */ P("div", {
		class: "neighbours",
		children: [
			e.sides.length > 1 && /* @__PURE__ */ P("h3", {
				class: `swatch-${t.index ? "second" : "first"}`,
				children: s.name
			}),
			c("Reads", r[n]),
			c("Is read by", i[n])
		]
	});
}
// src/model/curve.ts
function zl(e, t) {
	let n = e.filter((e) => e.faithfulness !== null), r = n.find((e) => e.size === t);
	if (r) return {
		faithfulness: r.faithfulness,
		measured: !0
	};
	let i = n.findIndex((e) => e.size > t);
	if (i < 1) return null;
	let [a, o] = [n[i - 1], n[i]], s = (Math.log1p(t) - Math.log1p(a.size)) / (Math.log1p(o.size) - Math.log1p(a.size));
	return {
		faithfulness: a.faithfulness + s * (o.faithfulness - a.faithfulness),
		measured: !1
	};
}
// node_modules/d3-array/dist/d3-array.mjs
function Bl(e, t) {
	return e == null || t == null ? NaN : e < t ? -1 : e > t ? 1 : e >= t ? 0 : NaN;
}
function Vl(e, t) {
	return e == null || t == null ? NaN : t < e ? -1 : t > e ? 1 : t >= e ? 0 : NaN;
}
function Hl(e) {
	let t, n, r;
	e.length === 2 ? (t = e === Bl || e === Vl ? e : Ul, n = e, r = e) : (t = Bl, n = (t, n) => Bl(e(t), n), r = (t, n) => e(t) - n);
	function i(e, r, i = 0, a = e.length) {
		if (i < a) {
			if (t(r, r) !== 0) return a;
			do {
				let t = i + a >>> 1;
				n(e[t], r) < 0 ? i = t + 1 : a = t;
			} while (i < a);
		}
		return i;
	}
	function a(e, r, i = 0, a = e.length) {
		if (i < a) {
			if (t(r, r) !== 0) return a;
			do {
				let t = i + a >>> 1;
				n(e[t], r) <= 0 ? i = t + 1 : a = t;
			} while (i < a);
		}
		return i;
	}
	function o(e, t, n = 0, a = e.length) {
		let o = i(e, t, n, a - 1);
		return o > n && r(e[o - 1], t) > -r(e[o], t) ? o - 1 : o;
	}
	return {
		left: i,
		center: o,
		right: a
	};
}
function Ul() {
	return 0;
}
function Wl(e) {
	return e === null ? NaN : +e;
}
var Gl = Hl(Bl), Kl = Gl.right;
Gl.left, Hl(Wl).center, Array.prototype.slice;
var ql = Math.sqrt(50), Jl = Math.sqrt(10), Yl = Math.sqrt(2);
function Xl(e, t, n) {
	let r = (t - e) / Math.max(0, n), i = Math.floor(Math.log10(r)), a = r / 10 ** i, o = a >= ql ? 10 : a >= Jl ? 5 : a >= Yl ? 2 : 1, s, c, l;
	return i < 0 ? (l = 10 ** -i / o, s = Math.round(e * l), c = Math.round(t * l), s / l < e && ++s, c / l > t && --c, l = -l) : (l = 10 ** i * o, s = Math.round(e / l), c = Math.round(t / l), s * l < e && ++s, c * l > t && --c), c < s && .5 <= n && n < 2 ? Xl(e, t, n * 2) : [
		s,
		c,
		l
	];
}
function Zl(e, t, n) {
	if (t = +t, e = +e, n = +n, !(n > 0)) return [];
	if (e === t) return [e];
	let r = t < e, [i, a, o] = r ? Xl(t, e, n) : Xl(e, t, n);
	if (!(a >= i)) return [];
	let s = a - i + 1, c = Array(s);
	if (r) {
		if (o < 0) for (let e = 0; e < s; ++e) c[e] = (a - e) / -o;
		else for (let e = 0; e < s; ++e) c[e] = (a - e) * o;
	} else if (o < 0) for (let e = 0; e < s; ++e) c[e] = (i + e) / -o;
	else for (let e = 0; e < s; ++e) c[e] = (i + e) * o;
	return c;
}
function Ql(e, t, n) {
	return t = +t, e = +e, n = +n, Xl(e, t, n)[2];
}
function $l(e, t, n) {
	t = +t, e = +e, n = +n;
	let r = t < e, i = r ? Ql(t, e, n) : Ql(e, t, n);
	return (r ? -1 : 1) * (i < 0 ? 1 / -i : i);
}
// node_modules/d3-format/dist/d3-format.mjs
function eu(e) {
	return Math.abs(e = Math.round(e)) >= 1e21 ? e.toLocaleString("en").replace(/,/g, "") : e.toString(10);
}
function tu(e, t) {
	if (!isFinite(e) || e === 0) return null;
	var n = (e = t ? e.toExponential(t - 1) : e.toExponential()).indexOf("e"), r = e.slice(0, n);
	return [r.length > 1 ? r[0] + r.slice(2) : r, +e.slice(n + 1)];
}
function nu(e) {
	return e = tu(Math.abs(e)), e ? e[1] : NaN;
}
function ru(e, t) {
	return function(n, r) {
		for (var i = n.length, a = [], o = 0, s = e[0], c = 0; i > 0 && s > 0 && (c + s + 1 > r && (s = Math.max(1, r - c)), a.push(n.substring(i -= s, i + s)), !((c += s + 1) > r));) s = e[o = (o + 1) % e.length];
		return a.reverse().join(t);
	};
}
function iu(e) {
	return function(t) {
		return t.replace(/[0-9]/g, function(t) {
			return e[+t];
		});
	};
}
var au = /^(?:(.)?([<>=^]))?([+\-( ])?([$#])?(0)?(\d+)?(,)?(\.\d+)?(~)?([a-z%])?$/i;
function ou(e) {
	if (!(t = au.exec(e))) throw Error("invalid format: " + e);
	var t;
	return new su({
		fill: t[1],
		align: t[2],
		sign: t[3],
		symbol: t[4],
		zero: t[5],
		width: t[6],
		comma: t[7],
		precision: t[8] && t[8].slice(1),
		trim: t[9],
		type: t[10]
	});
}
ou.prototype = su.prototype;
function su(e) {
	this.fill = e.fill === void 0 ? " " : e.fill + "", this.align = e.align === void 0 ? ">" : e.align + "", this.sign = e.sign === void 0 ? "-" : e.sign + "", this.symbol = e.symbol === void 0 ? "" : e.symbol + "", this.zero = !!e.zero, this.width = e.width === void 0 ? void 0 : +e.width, this.comma = !!e.comma, this.precision = e.precision === void 0 ? void 0 : +e.precision, this.trim = !!e.trim, this.type = e.type === void 0 ? "" : e.type + "";
}
su.prototype.toString = function() {
	return this.fill + this.align + this.sign + this.symbol + (this.zero ? "0" : "") + (this.width === void 0 ? "" : Math.max(1, this.width | 0)) + (this.comma ? "," : "") + (this.precision === void 0 ? "" : "." + Math.max(0, this.precision | 0)) + (this.trim ? "~" : "") + this.type;
};
function cu(e) {
	out: for (var t = e.length, n = 1, r = -1, i; n < t; ++n) switch (e[n]) {
		case ".":
			r = i = n;
			break;
		case "0":
			r === 0 && (r = n), i = n;
			break;
		default:
			if (!+e[n]) break out;
			r > 0 && (r = 0);
	}
	return r > 0 ? e.slice(0, r) + e.slice(i + 1) : e;
}
var lu;
function uu(e, t) {
	var n = tu(e, t);
	if (!n) return lu = void 0, e.toPrecision(t);
	var r = n[0], i = n[1], a = i - (lu = Math.max(-8, Math.min(8, Math.floor(i / 3))) * 3) + 1, o = r.length;
	return a === o ? r : a > o ? r + Array(a - o + 1).join("0") : a > 0 ? r.slice(0, a) + "." + r.slice(a) : "0." + Array(1 - a).join("0") + tu(e, Math.max(0, t + a - 1))[0];
}
function du(e, t) {
	var n = tu(e, t);
	if (!n) return e + "";
	var r = n[0], i = n[1];
	return i < 0 ? "0." + Array(-i).join("0") + r : r.length > i + 1 ? r.slice(0, i + 1) + "." + r.slice(i + 1) : r + Array(i - r.length + 2).join("0");
}
var fu = {
	"%": (e, t) => (e * 100).toFixed(t),
	b: (e) => Math.round(e).toString(2),
	c: (e) => e + "",
	d: eu,
	e: (e, t) => e.toExponential(t),
	f: (e, t) => e.toFixed(t),
	g: (e, t) => e.toPrecision(t),
	o: (e) => Math.round(e).toString(8),
	p: (e, t) => du(e * 100, t),
	r: du,
	s: uu,
	X: (e) => Math.round(e).toString(16).toUpperCase(),
	x: (e) => Math.round(e).toString(16)
};
function pu(e) {
	return e;
}
var mu = Array.prototype.map, hu = [
	"y",
	"z",
	"a",
	"f",
	"p",
	"n",
	"µ",
	"m",
	"",
	"k",
	"M",
	"G",
	"T",
	"P",
	"E",
	"Z",
	"Y"
];
function gu(e) {
	var t = e.grouping === void 0 || e.thousands === void 0 ? pu : ru(mu.call(e.grouping, Number), e.thousands + ""), n = e.currency === void 0 ? "" : e.currency[0] + "", r = e.currency === void 0 ? "" : e.currency[1] + "", i = e.decimal === void 0 ? "." : e.decimal + "", a = e.numerals === void 0 ? pu : iu(mu.call(e.numerals, String)), o = e.percent === void 0 ? "%" : e.percent + "", s = e.minus === void 0 ? "−" : e.minus + "", c = e.nan === void 0 ? "NaN" : e.nan + "";
	function l(e, l) {
		e = ou(e);
		var u = e.fill, d = e.align, f = e.sign, p = e.symbol, m = e.zero, h = e.width, g = e.comma, _ = e.precision, v = e.trim, y = e.type;
		y === "n" ? (g = !0, y = "g") : fu[y] || (_ === void 0 && (_ = 12), v = !0, y = "g"), (m || u === "0" && d === "=") && (m = !0, u = "0", d = "=");
		var b = (l && l.prefix !== void 0 ? l.prefix : "") + (p === "$" ? n : p === "#" && /[boxX]/.test(y) ? "0" + y.toLowerCase() : ""), x = (p === "$" ? r : /[%p]/.test(y) ? o : "") + (l && l.suffix !== void 0 ? l.suffix : ""), S = fu[y], C = /[defgprs%]/.test(y);
		_ = _ === void 0 ? 6 : /[gprs]/.test(y) ? Math.max(1, Math.min(21, _)) : Math.max(0, Math.min(20, _));
		function w(e) {
			var n = b, r = x, o, l, p;
			if (y === "c") r = S(e) + r, e = "";
			else {
				e = +e;
				var w = e < 0 || 1 / e < 0;
				if (e = isNaN(e) ? c : S(Math.abs(e), _), v && (e = cu(e)), w && +e == 0 && f !== "+" && (w = !1), n = (w ? f === "(" ? f : s : f === "-" || f === "(" ? "" : f) + n, r = (y === "s" && !isNaN(e) && lu !== void 0 ? hu[8 + lu / 3] : "") + r + (w && f === "(" ? ")" : ""), C) {
					for (o = -1, l = e.length; ++o < l;) if (p = e.charCodeAt(o), 48 > p || p > 57) {
						r = (p === 46 ? i + e.slice(o + 1) : e.slice(o)) + r, e = e.slice(0, o);
						break;
					}
				}
			}
			g && !m && (e = t(e, Infinity));
			var T = n.length + e.length + r.length, E = T < h ? Array(h - T + 1).join(u) : "";
			switch (g && m && (e = t(E + e, E.length ? h - r.length : Infinity), E = ""), d) {
				case "<":
					e = n + e + r + E;
					break;
				case "=":
					e = n + E + e + r;
					break;
				case "^":
					e = E.slice(0, T = E.length >> 1) + n + e + r + E.slice(T);
					break;
				default: e = E + n + e + r;
			}
			return a(e);
		}
		return w.toString = function() {
			return e + "";
		}, w;
	}
	function u(e, t) {
		var n = Math.max(-8, Math.min(8, Math.floor(nu(t) / 3))) * 3, r = 10 ** -n, i = l((e = ou(e), e.type = "f", e), { suffix: hu[8 + n / 3] });
		return function(e) {
			return i(r * e);
		};
	}
	return {
		format: l,
		formatPrefix: u
	};
}
var _u, vu, yu;
bu({
	thousands: ",",
	grouping: [3],
	currency: ["$", ""]
});
function bu(e) {
	return _u = gu(e), vu = _u.format, yu = _u.formatPrefix, _u;
}
function xu(e) {
	return Math.max(0, -nu(Math.abs(e)));
}
function Su(e, t) {
	return Math.max(0, Math.max(-8, Math.min(8, Math.floor(nu(t) / 3))) * 3 - nu(Math.abs(e)));
}
function Cu(e, t) {
	return e = Math.abs(e), t = Math.abs(t) - e, Math.max(0, nu(t) - nu(e)) + 1;
}
// node_modules/d3-scale/dist/d3-scale.mjs
function wu(e, t) {
	switch (arguments.length) {
		case 0: break;
		case 1:
			this.range(e);
			break;
		default: this.range(t).domain(e);
	}
	return this;
}
function Tu(e) {
	return function() {
		return e;
	};
}
function Eu(e) {
	return +e;
}
var Du = [0, 1];
function Ou(e) {
	return e;
}
function ku(e, t) {
	return (t -= e = +e) ? function(n) {
		return (n - e) / t;
	} : Tu(isNaN(t) ? NaN : .5);
}
function Au(e, t) {
	var n;
	return e > t && (n = e, e = t, t = n), function(n) {
		return Math.max(e, Math.min(t, n));
	};
}
function ju(e, t, n) {
	var r = e[0], i = e[1], a = t[0], o = t[1];
	return i < r ? (r = ku(i, r), a = n(o, a)) : (r = ku(r, i), a = n(a, o)), function(e) {
		return a(r(e));
	};
}
function Mu(e, t, n) {
	var r = Math.min(e.length, t.length) - 1, i = Array(r), a = Array(r), o = -1;
	for (e[r] < e[0] && (e = e.slice().reverse(), t = t.slice().reverse()); ++o < r;) i[o] = ku(e[o], e[o + 1]), a[o] = n(t[o], t[o + 1]);
	return function(t) {
		var n = Kl(e, t, 1, r) - 1;
		return a[n](i[n](t));
	};
}
function Nu(e, t) {
	return t.domain(e.domain()).range(e.range()).interpolate(e.interpolate()).clamp(e.clamp()).unknown(e.unknown());
}
function Pu() {
	var e = Du, t = Du, n = Ca, r, i, a, o = Ou, s, c, l;
	function u() {
		var n = Math.min(e.length, t.length);
		return o !== Ou && (o = Au(e[0], e[n - 1])), s = n > 2 ? Mu : ju, c = l = null, d;
	}
	function d(i) {
		return i == null || isNaN(i = +i) ? a : (c ||= s(e.map(r), t, n))(r(o(i)));
	}
	return d.invert = function(n) {
		return o(i((l ||= s(t, e.map(r), q))(n)));
	}, d.domain = function(t) {
		return arguments.length ? (e = Array.from(t, Eu), u()) : e.slice();
	}, d.range = function(e) {
		return arguments.length ? (t = Array.from(e), u()) : t.slice();
	}, d.rangeRound = function(e) {
		return t = Array.from(e), n = wa, u();
	}, d.clamp = function(e) {
		return arguments.length ? (o = e ? !0 : Ou, u()) : o !== Ou;
	}, d.interpolate = function(e) {
		return arguments.length ? (n = e, u()) : n;
	}, d.unknown = function(e) {
		return arguments.length ? (a = e, d) : a;
	}, function(e, t) {
		return r = e, i = t, u();
	};
}
function Fu() {
	return Pu()(Ou, Ou);
}
function Iu(e, t, n, r) {
	var i = $l(e, t, n), a;
	switch (r = ou(r ?? ",f"), r.type) {
		case "s":
			var o = Math.max(Math.abs(e), Math.abs(t));
			return r.precision == null && !isNaN(a = Su(i, o)) && (r.precision = a), yu(r, o);
		case "":
		case "e":
		case "g":
		case "p":
		case "r":
			r.precision == null && !isNaN(a = Cu(i, Math.max(Math.abs(e), Math.abs(t)))) && (r.precision = a - (r.type === "e"));
			break;
		case "f":
		case "%": r.precision == null && !isNaN(a = xu(i)) && (r.precision = a - (r.type === "%") * 2);
	}
	return vu(r);
}
function Lu(e) {
	var t = e.domain;
	return e.ticks = function(e) {
		var n = t();
		return Zl(n[0], n[n.length - 1], e ?? 10);
	}, e.tickFormat = function(e, n) {
		var r = t();
		return Iu(r[0], r[r.length - 1], e ?? 10, n);
	}, e.nice = function(n) {
		n ??= 10;
		var r = t(), i = 0, a = r.length - 1, o = r[i], s = r[a], c, l, u = 10;
		for (s < o && (l = o, o = s, s = l, l = i, i = a, a = l); u-- > 0;) {
			if (l = Ql(o, s, n), l === c) return r[i] = o, r[a] = s, t(r);
			if (l > 0) o = Math.floor(o / l) * l, s = Math.ceil(s / l) * l;
			else if (l < 0) o = Math.ceil(o * l) / l, s = Math.floor(s * l) / l;
			else break;
			c = l;
		}
		return e;
	}, e;
}
function Ru() {
	var e = Fu();
	return e.copy = function() {
		return Nu(e, Ru());
	}, wu.apply(e, arguments), Lu(e);
}
function zu(e) {
	return function(t) {
		return Math.sign(t) * Math.log1p(Math.abs(t / e));
	};
}
function Bu(e) {
	return function(t) {
		return Math.sign(t) * Math.expm1(Math.abs(t)) * e;
	};
}
function Vu(e) {
	var t = 1, n = e(zu(t), Bu(t));
	return n.constant = function(n) {
		return arguments.length ? e(zu(t = +n), Bu(t)) : t;
	}, Lu(n);
}
function Hu() {
	var e = Vu(Pu());
	return e.copy = function() {
		return Nu(e, Hu()).constant(e.constant());
	}, wu.apply(e, arguments);
}
// src/parts/CurveChart.tsx
var [Uu, Wu, Gu, Ku, qu, Ju] = [
	340,
	170,
	38,
	34,
	10,
	12
];
function Yu({ session: e }) {
	let t = e.sides.map(({ run: e }) => e.data.curve.filter((e) => e.faithfulness !== null)), n = t.flat();
	if (!n.length) return /* @__PURE__ */ P("p", {
		class: "lacking",
		children: "No faithfulness of other sizes was measured for this page."
	});
	let r = n.map((e) => e.faithfulness), i = Math.max(...n.map((e) => e.size), 1), a = Hu().constant(3).domain([0, i]).range([Gu, Uu - Ju]), o = Ru().domain([Math.max(-1.5, Math.min(0, ...r)), Math.min(2.5, Math.max(1.05, ...r))]).nice(4).range([Wu - Ku, qu]).clamp(!0), { size: s } = e.view.value, c = [
		0,
		1,
		10,
		100,
		1e3,
		1e4,
		1e5,
		1e6
	].filter((e) => e <= i);
	return /* @__PURE__ */ P("svg", {
		class: "curve",
		viewBox: `0 0 ${Uu} ${Wu}`,
		role: "img",
		"aria-label": Qu(e),
		children: [
			o.ticks(4).map((e) => /* @__PURE__ */ P("g", {
				class: e === 1 ? "tick whole" : "tick",
				children: [/* @__PURE__ */ P("line", {
					x1: Gu,
					x2: Uu - Ju,
					y1: o(e),
					y2: o(e)
				}), /* @__PURE__ */ P("text", {
					x: Gu - 6,
					y: o(e) + 4,
					"text-anchor": "end",
					children: e
				})]
			}, e)),
			c.map((e) => /* @__PURE__ */ P("text", {
				class: "label",
				x: a(e),
				y: Wu - Ku + 15,
				"text-anchor": "middle",
				children: e >= 1e3 ? `${e / 1e3}k` : e
			}, e)),
			/* @__PURE__ */ P("text", {
				class: "label",
				x: (Gu + Uu) / 2,
				y: Wu - 3,
				"text-anchor": "middle",
				children: "edges before pruning"
			}),
			t.map((t, n) => /* @__PURE__ */ P("g", {
				class: e.sides.length > 1 ? n ? "second" : "first" : "only",
				children: [
					t.map((e) => e.interval && /* @__PURE__ */ P("line", {
						class: "sure",
						x1: a(e.size),
						x2: a(e.size),
						...Zu(e, o)
					}, e.size)),
					/* @__PURE__ */ P("polyline", { points: t.map((e) => `${a(e.size)},${o(e.faithfulness)}`).join(" ") }),
					t.map((e) => /* @__PURE__ */ P("circle", {
						cx: a(e.size),
						cy: o(e.faithfulness),
						r: 2.6,
						children: /* @__PURE__ */ P("title", { children: `${e.size} edges, ${e.kept} pruned: ${e.faithfulness.toFixed(3)}` })
					}, e.size)),
					/* @__PURE__ */ P(Xu, {
						at: zl(t, s)?.faithfulness,
						x: a(s),
						y: o
					})
				]
			}, n)),
			/* @__PURE__ */ P("line", {
				class: "here",
				x1: a(s),
				x2: a(s),
				y1: qu,
				y2: Wu - Ku
			})
		]
	});
}
function Xu({ at: e, x: t, y: n }) {
	return e === void 0 ? null : /* @__PURE__ */ P("circle", {
		class: "here",
		cx: t,
		cy: n(e),
		r: 5.5
	});
}
function Zu(e, t) {
	return {
		y1: t(e.interval[0]),
		y2: t(e.interval[1])
	};
}
function Qu(e) {
	return e.sides.map(({ run: e }) => {
		let t = e.data.curve.map((e) => `${e.size} edges ${e.faithfulness?.toFixed(2) ?? "not defined"}`);
		return `Faithfulness of ${e.data.name} over size: ${t.join(", ")}`;
	}).join(". ");
}
// src/parts/Size.tsx
function $u({ session: e }) {
	let { sizes: t } = e, { size: n } = e.view.value, r = e.start.size, i = t[t.length - 1], a = e.sides.every((e) => e.run.data.edges.scored);
	return /* @__PURE__ */ P("section", {
		class: "panel size",
		"aria-label": "Size",
		children: [
			/* @__PURE__ */ P("h2", { children: "Size" }),
			a && /* @__PURE__ */ P("div", {
				class: "sizes",
				children: [
					/* @__PURE__ */ P("input", {
						type: "range",
						"aria-label": "Edges chosen",
						"aria-valuetext": `${n} edges chosen`,
						min: 0,
						max: t.length - 1,
						value: Ac(t, n),
						onInput: (n) => e.change({ size: t[Number(n.currentTarget.value)] })
					}),
					/* @__PURE__ */ P("input", {
						type: "number",
						"aria-label": "Edges chosen, as a number",
						min: 0,
						max: i,
						value: n,
						onChange: (t) => {
							let n = Math.round(Number(t.currentTarget.value));
							e.change({ size: Math.max(0, Math.min(i, n || 0)) });
						}
					}),
					/* @__PURE__ */ P("button", {
						type: "button",
						disabled: n === r,
						onClick: () => e.change({ size: r }),
						children: ["the run's own, ", r.toLocaleString("en")]
					})
				]
			}),
			/* @__PURE__ */ P("div", {
				role: "status",
				class: "told",
				children: [e.sides.map((t) => /* @__PURE__ */ P(ed, {
					session: e,
					side: t
				}, t.index)), e.shared.value && /* @__PURE__ */ P(td, { session: e })]
			}),
			/* @__PURE__ */ P(Yu, { session: e })
		]
	});
}
function ed({ session: e, side: t }) {
	let { data: n, edges: r } = t.run, { ranks: i, size: a } = t.circuit.value, o = i.length - t.visible.value.length, s = zl(n.curve, a), c = e.sides.length > 1;
	return /* @__PURE__ */ P("p", {
		class: "side-told",
		"data-kept": i.length,
		children: [
			c && /* @__PURE__ */ P("b", {
				class: `swatch-${t.index ? "second" : "first"}`,
				children: [n.name, ": "]
			}),
			/* @__PURE__ */ P("b", { children: i.length.toLocaleString("en") }),
			" of ",
			n.edges.all.toLocaleString("en"),
			" edges",
			n.chosen.prune && `, ${a.toLocaleString("en")} before pruning`,
			o > 0 && `; filters hide ${o.toLocaleString("en")}`,
			s && /* @__PURE__ */ P(x, { children: [
				"; faithfulness ",
				s.measured ? "" : "about ",
				/* @__PURE__ */ P("b", { children: s.faithfulness.toFixed(3) })
			] }),
			t.judged.value && /* @__PURE__ */ P("span", {
				class: "block",
				children: Bc(t.run, t.judged.value)
			}),
			n.edges.scored && n.edges.able < n.edges.all && /* @__PURE__ */ P("span", {
				class: "block",
				children: [n.edges.able.toLocaleString("en"), " edges have a score to be chosen by."]
			}),
			r.length < n.edges.able && /* @__PURE__ */ P("span", {
				class: "block",
				children: [
					"This page holds the ",
					r.length.toLocaleString("en"),
					" strongest of ",
					n.edges.able.toLocaleString("en"),
					" edges."
				]
			})
		]
	});
}
function td({ session: e }) {
	let { both: t, only: n, jaccard: r } = e.shared.value, [i, a] = e.sides.map((e) => e.run.data.name);
	return /* @__PURE__ */ P("p", {
		class: "shared",
		children: [
			"In both ",
			/* @__PURE__ */ P("b", { children: t }),
			", only in ",
			i,
			" ",
			/* @__PURE__ */ P("b", { children: n[0] }),
			", only in ",
			a,
			" ",
			/* @__PURE__ */ P("b", { children: n[1] }),
			"; Jaccard index",
			" ",
			/* @__PURE__ */ P("b", { children: r.toFixed(3) })
		]
	});
}
// src/parts/App.tsx
var nd = [
	"auto",
	"light",
	"dark"
];
function rd({ session: e }) {
	let { theme: t } = e.view.value, n = De(null);
	return Ee(() => {
		let t = n.current.closest(".edgewise-widget") ?? document.body, r = (t) => {
			t.key === "Escape" && e.change({ pin: "" }), t.key === "/" && !(t.target instanceof HTMLInputElement) && (n.current.querySelector("[type=search]")?.focus(), t.preventDefault());
		};
		return t.addEventListener("keydown", r), () => t.removeEventListener("keydown", r);
	}, []), /* @__PURE__ */ P("div", {
		class: "edgewise",
		ref: n,
		"data-theme": e.dark.value ? "dark" : "light",
		children: [/* @__PURE__ */ P("header", { children: [/* @__PURE__ */ P("h1", { children: e.report.title }), /* @__PURE__ */ P("label", {
			class: "theme",
			children: ["Theme", /* @__PURE__ */ P("select", {
				value: t,
				onChange: (t) => e.change({ theme: t.currentTarget.value }),
				children: nd.map((e) => /* @__PURE__ */ P("option", {
					value: e,
					children: e
				}, e))
			})]
		})] }), /* @__PURE__ */ P("div", {
			class: "body",
			children: [/* @__PURE__ */ P("div", {
				class: "drawings",
				children: [/* @__PURE__ */ P("div", {
					class: e.sides.length > 1 ? "two" : "one",
					children: e.sides.map((t) => /* @__PURE__ */ P("section", {
						"aria-label": `Circuit of ${t.run.data.name}`,
						children: [e.sides.length > 1 && /* @__PURE__ */ P("h2", {
							class: `swatch-${t.index ? "second" : "first"}`,
							children: t.run.data.name
						}), /* @__PURE__ */ P(sl, {
							session: e,
							side: t
						})]
					}, t.index))
				}), /* @__PURE__ */ P(Tl, { session: e })]
			}), /* @__PURE__ */ P("div", {
				class: "panels",
				children: [
					/* @__PURE__ */ P($u, { session: e }),
					/* @__PURE__ */ P(Ue, { session: e }),
					/* @__PURE__ */ P(Ll, { session: e }),
					/* @__PURE__ */ P(_l, { session: e }),
					/* @__PURE__ */ P(Cl, { session: e })
				]
			})]
		})]
	});
}
// src/widget.tsx
var id = { render({ model: e, el: t }) {
	t.classList.add("edgewise-widget"), t.style.setProperty("--height", `${e.get("height")}px`);
	let n = () => {
		j(null, t), j(/* @__PURE__ */ P(rd, { session: Uc(e.get("report"), "") }), t);
	};
	return e.on("change:report", n), n(), () => {
		e.off("change:report", n), j(null, t);
	};
} };
export { id as default };
