"""Makes the compiled models of the zoo: python zoo-training/compile_programs.py

Needs Tracr: pip install 'edgewise[rasp]'. About three minutes, most of it for trying every pair of prompts.
"""

from edgewise import zoo
from programs import PROGRAMS

for name, (program, vocabulary, longest) in PROGRAMS.items():
    print(f"{name}: compiling and trying every prompt ...", flush=True)
    bundle = zoo.from_rasp(program(), vocab=vocabulary, max_len=longest, name=name)
    bundle.save(zoo.DATA / name, overwrite=True)
    for ablation, known in bundle.known.items():
        print(f"  {ablation}: {', '.join(known.circuit)}; backups: {', '.join(known.backups) or 'none'}")
