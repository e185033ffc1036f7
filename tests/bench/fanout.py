"""fanout.py -- twelve outputs of one source: in one task, in twelve, and by npm sharp, in turn; least CPU of the rounds.

A win by a worse picture is none, so bytes and distance from the source stand beside each output, ours first. An AVIF of one number is
not the same look in two encoders: ours can be given another quality than sharp's 50."""

import json
import subprocess

SHARP = "0.35"


def install_sharp(build):
    """Only for this bench, into the build folder: the wheel of sharp's own libvips that its users get."""
    place = build / "sharp"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "node_modules" / "sharp").is_dir():
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), f"sharp@{SHARP}"],
                       check=True, stdout=subprocess.DEVNULL)
    return place


def json_lines(*words, **more):
    done = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, **more)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(build, tree, say, file, rounds=3, avif=50):
    sharp = install_sharp(build)
    script = sharp / "sharp.mjs"  # beside node_modules, where node looks
    script.write_text((tree / "tests/bench/sharp.mjs").read_text())
    bench = build / "bin" / "fanout_bench"
    works = {"fanout": [bench, "fanout"], "singles": [bench, "singles"], "sharp": ["node", script]}
    found = {}
    for number in range(int(rounds)):
        for name, words in works.items():
            say(f"round {number + 1} of {rounds}: {name}")
            place = build / "fanout" / name
            place.mkdir(parents=True, exist_ok=True)
            answer, = json_lines(*words, file, place, *([] if name == "sharp" else [avif]))
            if name not in found or answer["cpu_us"] < found[name]["cpu_us"]:
                found[name] = answer
    for answer in found.values():
        print(json.dumps(answer))
    ours, singles, other = (found[name] for name in works)
    print(json.dumps({"decode_and_scale": round((ours["decode_us"] + ours["scale_us"]) / (singles["decode_us"] + singles["scale_us"]), 3),
                      "of_singles": round(ours["cpu_us"] / singles["cpu_us"], 3), "of_sharp": round(ours["cpu_us"] / other["cpu_us"], 3)}))
    say("how it looks")
    looks = [json_lines(bench, "look", file, build / "fanout" / name) for name in ("fanout", "sharp")]
    for mine, theirs in zip(*looks):
        print(f"{mine['file']:>10}  bytes {mine['bytes']:>8} {theirs['bytes']:>8}   dssim {mine['dssim']:.5f} {theirs['dssim']:.5f}"
              f"   ssimulacra2 {mine['ssimulacra2']:6.2f} {theirs['ssimulacra2']:6.2f}")
