"""Runs Qwen2-Audio's evaluate_st.py and evaluate_emotion.py on made predictions; writes their verdicts for the tests.

    git clone https://github.com/QwenLM/Qwen2-Audio
    pip install sacrebleu==1.5.1 scikit-learn          # in any environment; --python names its interpreter
    python benchmarks/parity_qwen2_audio.py --official Qwen2-Audio/eval_audio --python ENV/bin/python

The scripts answer and score in one go, on a GPU. They run here unmodified, with stand-ins for torch and transformers
whose "model" answers with the text that lies where the recording should be. They print one figure per `source`, so a
prediction that has a source of its own gets a verdict of its own; further sources are corpora of many rows.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SEED = 20_250
SINGLES, CORPORA = 1_100, 60
OUT = Path(__file__).parent.parent / "tests/evaluation/parity"

STAND_INS = r"""
import runpy, sys, types

class Ids:
    def __init__(self, texts): self.texts = texts
    def __getitem__(self, _): return self
    def size(self, _): return 0
    def to(self, _): return self

class Inputs(dict):
    @property
    def input_ids(self): return self["input_ids"]

class Processor:
    tokenizer = types.SimpleNamespace(padding_side="")
    feature_extractor = types.SimpleNamespace(sampling_rate=16000)
    @classmethod
    def from_pretrained(cls, *a, **k): return cls()
    def __call__(self, text, audios, **k): return Inputs(input_ids=Ids([a.decode("utf-8") for a in audios]))
    def batch_decode(self, ids, **k): return ids.texts

class Model:
    @classmethod
    def from_pretrained(cls, *a, **k): return cls()
    def eval(self): return self
    def generate(self, input_ids, **k): return input_ids

class Loader:
    def __init__(self, dataset, sampler, batch_size, collate_fn, **k):
        self.parts = ([dataset[i]] for i in sampler); self.collate = collate_fn
    def __iter__(self): return (self.collate(p) for p in self.parts)

def module(name, **names):
    made = types.ModuleType(name); made.__dict__.update(names); sys.modules[name] = made; return made

def gather(held, mine): held[0] = mine

distributed = module("torch.distributed", init_process_group=lambda **k: None, get_rank=lambda: 0,
                     get_world_size=lambda: 1, barrier=lambda: None, all_gather_object=gather)
sampler = types.SimpleNamespace(Sampler=object)
data = module("torch.utils.data", Dataset=object, DataLoader=Loader, sampler=sampler)
utils = module("torch.utils", data=data)
module("torch", distributed=distributed, utils=utils, cuda=types.SimpleNamespace(set_device=lambda d: None),
       Tensor=type("Tensor", (), {}))
module("transformers", AutoProcessor=Processor, Qwen2AudioForConditionalGeneration=Model)
module("transformers.pipelines")
module("transformers.pipelines.audio_utils", ffmpeg_read=lambda data, sampling_rate: data)
module("requests")
module("tqdm", tqdm=lambda x, **k: x)
script, name = sys.argv[1:3]
sys.argv = [script, "--dataset", name]
runpy.run_path(script, run_name="__main__")
"""

ZH = "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就"
ZH += "那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还"
ZH_MARKS = "，。！？：；“”‘’（）《》、…—·１２ＡＢ％～"
EN = (  # noqa: SIM905
    "the a of to and in is was he she they it that for on with as at by his her film team river city year old first "
    "second two one who which when where after before during between Smith's don't it's U.S. Mr. 3.5 1,000 10-year "
    "co-founder \"quoted\" 'single' (aside) naïve café & < > @ # 50% e.g. i.e. —"
).split()
EMOTIONS = ("happy", "surprised", "neutral", "fearful", "disgusted", "sad", "angry")


def chinese(r: random.Random) -> str:
    text = "".join(r.choice(ZH) for _ in range(r.randrange(1, 30)))
    for _ in range(r.randrange(0, 4)):
        at = r.randrange(len(text) + 1)
        text = text[:at] + r.choice([*ZH_MARKS, " ", "NBA", "2019", "3.5", "Li Wei", "\u3000", "𠮷"]) + text[at:]
    return text + r.choice(["。", "。", "。", "！", "", "."])


def english(r: random.Random) -> str:
    text = " ".join(r.choice(EN) for _ in range(r.randrange(1, 18)))
    return text[:1].upper() + text[1:] + r.choice([".", ".", ".", "!", "?", "", "...", '."'])


def spoiled(r: random.Random, text: str, other: str) -> str:
    """A hypothesis of any kind a model sends: right, nearly right, wrapped, foreign, empty, full of odd white space."""
    pieces = list(text) if " " not in text else text.split(" ")
    for _ in range(r.randrange(0, 1 + len(pieces) // 3)):
        at = r.randrange(len(pieces))
        pieces[at] = r.choice([pieces[r.randrange(len(pieces))], "", pieces[at] * 2, r.choice(EN), r.choice(ZH)])
    near = ("" if " " not in text else " ").join(pieces)
    return r.choice(
        [
            text, near, near, near, near, near,
            near + "\n", "  " + near, near + "\u3000", near.replace(".", "。"), near.upper(), near.lower(),
            f'"{near}"', f"“{near}”", f"Translation: {near}", f"译文：{near}", f"```\n{near}\n```",
            f"{near}\n{near}", near[: len(near) // 2], other, f"{near} {other}", "", " ", "\n", "。", "...", "!?",
            "-\n" + near, "<skipped>" + near, near.replace('"', "&quot;") + " &amp; &lt;x&gt;",
            near.replace(" ", "\u00a0"),
            near.replace(",", "，").replace("1", "１"), "\u200b" + near, near + "\u2028" + near, "NA", "None", "null",
            near + " <|endoftext|>", "<|zh|>" + near, "👍" + near, near.replace("a", "á"), "\ufeff" + near,
        ]
    )  # fmt: skip


def translations(r: random.Random) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []

    def add(source: str, to_chinese: bool) -> None:
        gold, other = (chinese(r), english(r)) if to_chinese else (english(r), chinese(r))
        if r.random() < 0.03:
            # An empty reference is left out: sacrebleu 1.5.1 stops at it, and the whole script with it.
            gold = r.choice(["NA", "他说：“好。”", 'He said, "no."', "。", gold + " ", gold + "\n"])
        rows.append({"source": source, "gt": gold, "response": spoiled(r, gold, other)})

    for i in range(SINGLES):
        add(f"r{i}_en_zh_test", True)
        add(f"r{i}_zh_en_test", False)
    for i in range(CORPORA):
        for _ in range(r.choice([2, 3, 5, 10, 20])):
            add(f"corpus{i}_en_zh_test", True)
            add(f"corpus{i}_zh_en_test", False)
    return rows


def emotions(r: random.Random) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []

    def add(source: str) -> None:
        gold, other = r.choice(EMOTIONS), r.choice(EMOTIONS)
        forms = [
            gold, gold, gold, other, other, f" {gold}", f"\n\t{gold}", f"{gold}\n", f"{gold} ", f"{gold}.",
            gold.title(), gold.upper(), f"The speaker is {gold}.", f"{gold}, {other}", f"not {gold}", "", " ", "joy",
            "sadness", "anger",
            f"\u3000{gold}", f"\u00a0{gold}", f"\u200b{gold}", f"\ufeff{gold}", f'"{gold}"', "(a)", "A", "开心", "高兴",
            f"<|en|>{gold}", gold[:-1], gold + "y", f"{gold}\u2028", "None", "ｈａｐｐｙ", f"\x0b{gold}", f"\x1f{gold}",
        ]  # fmt: skip
        if r.random() < 0.03:
            gold = r.choice([f" {gold}", f"{gold} ", gold.title()])
        rows.append({"source": source, "gt": gold, "response": r.choice(forms)})

    for i in range(2 * SINGLES):
        add(f"r{i}")
    for i in range(CORPORA):
        for _ in range(r.choice([3, 10, 30])):
            add(f"corpus{i}")
    return rows


def run(
    script: Path, name: str, list_name: str, rows: list[dict[str, str]], python: str, line: str
) -> dict[str, float]:
    """What the script prints for every source."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / list_name).parent.mkdir()
        with (root / list_name).open("w", encoding="utf-8") as f:
            for i, row in enumerate(rows):
                (root / f"{i}.bin").write_bytes(row["response"].encode("utf-8"))
                made = {"audio": str(root / f"{i}.bin"), "source": row["source"], "prompt": "", "gt": row["gt"]}
                f.write(json.dumps(made) + "\n")
        command = [python, "-c", STAND_INS, str(script), name]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    found = {m[1]: float(m[2]) for m in re.finditer(line, done.stdout, re.MULTILINE)}
    wanted = {row["source"] for row in rows}
    if found.keys() != wanted:
        sys.exit(f"{len(wanted - found.keys())} sources have no verdict.\n{done.stdout[-500:]}")
    return found


def version(python: str, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def write(name: str, held: dict[str, Any]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    data = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    path = OUT / name
    path.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{path.name}: {len(held['rows']):,} predictions, {path.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True, help="your copy of Qwen2-Audio/eval_audio")
    parser.add_argument("--commit", required=True, help="the commit it is of")
    parser.add_argument("--python", default=sys.executable, help="interpreter with scikit-learn and sacrebleu 1.5.1")
    parser.add_argument("--python-now", default=sys.executable, help="interpreter with the sacrebleu of today")
    args = parser.parse_args()

    def facts(script: str) -> dict[str, str]:
        sha = hashlib.sha256((args.official / script).read_bytes()).hexdigest()
        return {"repository": "QwenLM/Qwen2-Audio", "commit": args.commit, "script": script, "sha256": sha}

    rows = translations(random.Random(SEED))
    line = r"^source: (\S+)  cnt: \d+ bleu score: (\S+)$"
    script = args.official / "evaluate_st.py"
    verdicts = {
        version(python, "sacrebleu"): run(script, "covost2", "st/covost2_eval.jsonl", rows, python, line)
        for python in (args.python, args.python_now)
    }
    write("qwen2_audio_st.json.gz", {"official": facts("evaluate_st.py"), "rows": rows, "verdicts": verdicts})

    rows = emotions(random.Random(SEED + 1))
    line = r"^(\S+) ACC_score: (\S+) \d+$"
    script = args.official / "evaluate_emotion.py"
    found = run(script, "meld", "ser/meld_eval.jsonl", rows, args.python, line)
    official = facts("evaluate_emotion.py") | {"scikit-learn": version(args.python, "scikit-learn")}
    write("qwen2_audio_emotion.json.gz", {"official": official, "rows": rows, "verdicts": found})


if __name__ == "__main__":
    main()
