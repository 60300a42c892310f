"""From a model and prompt pairs to a circuit, in Python. Run `make demo` first: it reads what that leaves."""

import edgewise as ew

model = ew.load("runs/demo/model")  # or "gpt2", a folder, a live Hugging Face model
pairs = ew.Pairs.from_jsonl("runs/demo/prompts.jsonl", model)
scores = ew.discover(model, pairs, method="eap", metric="logit-diff", ablation="corrupted")
circuit = scores.top(8).prune()
print(ew.evaluate(model, pairs, circuit))
circuit.show()
