"""From a model and a task to a circuit, in Python."""

import edgewise as ew

model = ew.load("zoo:ioi")  # or "gpt2", a folder, a live Hugging Face model
pairs = ew.task("ioi", model, examples=100)  # or ew.Pairs.from_jsonl("mine.jsonl", model)
scores = ew.discover(model, pairs, method="eap")
circuit = scores.top(16).prune()
print(ew.evaluate(model, ew.task("ioi", model, examples=100, split="test"), circuit))
circuit.show()
