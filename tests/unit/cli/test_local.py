"""test_local.py -- `millrace render` and `millrace inspect`: the engine on files, with no cluster."""

import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import threading

import pytest
from PIL import Image

TREE = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("MILLRACE_BUILD", TREE / "build/dev")) / "bin"

TWO = {"ops": [{"op": "resize", "width": 90}],
       "outputs": [{"name": "large", "format": "jpeg"},
                   {"name": "thumb", "format": "webp", "ops": [{"op": "resize", "width": 30, "height": 30}]}]}


def millrace(*words, cwd=None):
    done = subprocess.run([BIN / "millrace", *map(str, words)], capture_output=True, text=True, timeout=120, check=False, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="place")
def _place(tmp_path):
    subprocess.run([BIN / "millrace-sample", "photo", tmp_path / "photo.jpg", "180", "120"], check=True, timeout=60)
    subprocess.run([BIN / "millrace-sample", "mark", tmp_path / "mark.png"], check=True, timeout=60)
    (tmp_path / "two.json").write_text(json.dumps(TWO))
    return tmp_path


def test_every_output_of_every_input_lands_under_a_name_that_says_whose_it_is(place):
    (place / "other.jpeg").write_bytes((place / "photo.jpg").read_bytes())
    status, said, wrong = millrace("render", place / "two.json", place / "photo.jpg", place / "other.jpeg", "--to", place / "out")
    assert (status, wrong) == (0, "")
    assert sorted(p.name for p in (place / "out").iterdir()) == ["other-large.jpg", "other-thumb.webp", "photo-large.jpg", "photo-thumb.webp"]
    assert f"{place}/out/photo-large.jpg  90 x 60  jpeg" in said
    with Image.open(place / "out/photo-thumb.webp") as thumb:
        assert (thumb.format, thumb.size) == ("WEBP", (30, 30))


def test_nothing_is_overwritten_unless_it_is_forced_and_then_no_input(place):
    words = ("render", place / "two.json", place / "photo.jpg", "--to", place)
    (place / "photo-thumb.webp").write_text("mine")
    status, said, wrong = millrace(*words)
    assert status == 1 and said == "" and "photo-thumb.webp: is there already" in wrong and "--force" in wrong
    assert (place / "photo-thumb.webp").read_text() == "mine" and not (place / "photo-large.jpg").exists(), "all or nothing of an input"
    assert millrace(*words, "--force")[0] == 0
    assert (place / "photo-thumb.webp").read_bytes()[:4] == b"RIFF"
    before = (place / "photo.jpg").read_bytes()
    one = json.dumps({"outputs": [{"name": "a", "format": "jpeg"}]})
    status, _, wrong = millrace("render", one, place / "photo.jpg", "--to", place, "--name", "{stem}.{ext}", "--force")
    assert status == 1 and "is an input of this call" in wrong and (place / "photo.jpg").read_bytes() == before
    assert not list(place.glob("*.part-*"))


def test_two_inputs_of_one_name_do_not_become_one(place):
    (place / "b").mkdir()
    (place / "b/photo.png").write_bytes((place / "mark.png").read_bytes())
    status, _, wrong = millrace("render", place / "two.json", place / "photo.jpg", place / "b/photo.png", "--to", place / "out", "--force")
    assert status == 1 and "another input of this call" in wrong and "1 of 2 pictures failed" in wrong
    with Image.open(place / "out/photo-large.jpg") as large:
        assert large.size == (90, 60), "the first stays"
    assert millrace("render", place / "two.json", place / "photo.jpg", place / "b/photo.png", "--to", place / "sums", "--name",
                    "{width}/{stem}-{sha256}.{ext}")[0] == 0
    assert sorted(p.name for p in (place / "sums").iterdir()) == ["30", "90"] and len(list((place / "sums/90").iterdir())) == 2


def test_the_answer_for_programs_has_what_a_task_answers(place):
    status, said, _ = millrace("render", place / "two.json", place / "photo.jpg", place / "two.json", "--to", place / "out", "--json")
    good, bad = json.loads(said)
    large = good["outputs"]["large"]
    data = pathlib.Path(large["file"]).read_bytes()
    assert (large["bytes"], large["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (large["width"], large["height"], large["format"], large["quality"]) == (90, 60, "jpeg", 80)
    assert good["source"] == {"format": "jpeg", "width": 180, "height": 120, "bytes": (place / "photo.jpg").stat().st_size}
    assert good["usage"]["peak_bytes"] > 0
    assert status == 1 and bad["error"]["name"] == "Image.Unsupported"


def test_layers_lie_beside_the_recipe(place):
    (place / "r").mkdir()
    recipe = {"ops": [{"op": "composite", "layers": [{"source": {"key": "mark.png"}, "gravity": "center"}]}],
              "outputs": [{"name": "a", "format": "png"}]}
    (place / "r/mark.json").write_text(json.dumps(recipe))
    big = place / "big.jpg"
    subprocess.run([BIN / "millrace-sample", "photo", big, "300", "300"], check=True, timeout=60)
    status, _, wrong = millrace("render", place / "r/mark.json", big, "--to", place / "out")
    assert status == 1 and "r/mark.png" in wrong, "where it was looked for"
    (place / "mark.png").rename(place / "r/mark.png")
    assert millrace("render", "r/mark.json", "big.jpg", "--to", "out", cwd=place)[0] == 0
    with Image.open(place / "out/big-a.png") as marked, Image.open(big) as plain:
        assert marked.convert("L").getpixel((150, 150)) > plain.convert("L").getpixel((150, 150)), "the white hub of the wheel"


@pytest.mark.parametrize("words,hint", [
    (("two.json",), "usage: millrace render"),
    (("two.json", "photo.jpg"), "--to says which folder"),
    (("none.json", "photo.jpg", "--to", "out"), "none.json"),
    (("two.json", "none.jpg", "--to", "out"), "Blob.NotFound"),
    (("two.json", "photo.jpg", "--to", "out", "--name", "{job}.{ext}"), "allowed: {stem} {name} {ext}"),
    (("two.json", "photo.jpg", "--to", "out", "--name", "../{name}"), "must not hold the folders"),
    (("two.json", "photo.jpg", "--to", "out", "--name", "{stem"), "go together"),
    (("two.json", "photo.jpg", "--to", "out", "--name", "a"), "put {name} in --name"),
    (('{"outputs": [{"name": "a", "size": 3}]}', "photo.jpg", "--to", "out"), "/outputs/0/size"),
    (('{"StartAt": "A", "States": {}}', "photo.jpg", "--to", "out"), "millrace submit"),
    (("two.json", "photo.jpg", "--to", "out", "--fast"), "--fast is no option here"),
])
def test_what_is_wrong_is_said_with_what_to_do(place, words, hint):
    status, said, wrong = millrace("render", *words, cwd=place)
    assert status in (1, 2) and said == "" and hint in wrong
    assert not (place / "out").exists()


def test_inspect_says_what_is_in_the_header_and_more_when_it_is_asked(place):
    status, said, _ = millrace("inspect", place / "photo.jpg")
    assert status == 0 and "format       jpeg" in said and "width        180" in said and "blurhash" not in said
    status, said, wrong = millrace("inspect", place / "photo.jpg", place / "none.jpg", "--blurhash", "--stats", "--json")
    good, bad = json.loads(said)
    assert good["picture"]["sha256"] == hashlib.sha256((place / "photo.jpg").read_bytes()).hexdigest()
    assert len(good["picture"]["blurhash"]) == 28 and len(good["picture"]["stats"]["channels"]) == 3
    assert status == 1 and bad["error"]["name"] == "Blob.NotFound" and "1 of 2" in wrong
    status, said, _ = millrace("inspect", place / "mark.png", "--all", "--json")
    picture = json.loads(said)[0]["picture"]
    assert picture["has_alpha"] and not picture["stats"]["is_opaque"] and len(picture["phash"]) == 16
    assert {"entropy", "sharpness", "dominant", "palette", "thumbhash"} <= picture.keys()


@contextlib.contextmanager
def serving(folder, certificate=None):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=str(folder))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(name="server")
def _server(place):
    with serving(place) as port:
        yield port


def test_a_layer_by_url_is_fetched_by_the_rules_of_a_worker(place, server, monkeypatch):
    Image.new("RGB", (8, 8), "#c00").save(place / "red.png")
    recipe = json.dumps({"source": {"url": "https://elsewhere.example/never-asked.jpg"},
                         "ops": [{"op": "composite", "layers": [{"source": {"url": f"http://127.0.0.1:{server}/red.png?sig=s3cret"},
                                                                 "tile": True}]}],
                         "outputs": [{"name": "a", "format": "png"}]})
    words = ("render", recipe, place / "photo.jpg", "--to", place / "out")
    status, _, wrong = millrace(*words)
    assert status == 1 and "layer: Blob.Denied: /ops/0/layers/0/source/url: http://127.0.0.1:" in wrong and "only https" in wrong
    monkeypatch.setenv("WORKER_FETCH", "http")
    monkeypatch.setenv("WORKER_FETCH_PORTS", str(server))
    status, _, wrong = millrace(*words)
    assert status == 1 and "WORKER_FETCH_PRIVATE" in wrong and "s3cret" not in wrong
    monkeypatch.setenv("WORKER_FETCH_PRIVATE", "127.0.0.1")
    assert millrace(*words)[::2] == (0, "")
    with Image.open(place / "out/photo-a.png") as made:
        assert (made.size, made.getcolors()) == ((180, 120), [(180 * 120, (0xcc, 0, 0))])


def test_https_is_fetched_from_the_one_whom_an_authority_vouches_for(place, monkeypatch):
    Image.new("RGB", (8, 8), "#0c0").save(place / "green.png")
    both = place / "both.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-days", "2", "-keyout", place / "key.pem", "-out", place / "cert.pem"], check=True, capture_output=True, timeout=60)
    both.write_bytes((place / "key.pem").read_bytes() + (place / "cert.pem").read_bytes())
    with serving(place, both) as port:
        def render(host):
            recipe = json.dumps({"ops": [{"op": "composite", "layers": [{"source": {"url": f"https://{host}:{port}/green.png"}, "tile": True}]}],
                                 "outputs": [{"name": "a", "format": "png"}]})
            return millrace("render", recipe, place / "photo.jpg", "--to", place / "out")

        monkeypatch.setenv("WORKER_FETCH_PORTS", str(port))
        monkeypatch.setenv("WORKER_FETCH_PRIVATE", "localhost,127.0.0.1")
        status, _, wrong = render("localhost")
        assert status == 1 and "certificate" in wrong, "nobody vouches for it"
        monkeypatch.setenv("WORKER_FETCH_CA_FILE", str(place / "cert.pem"))
        status, _, wrong = render("127.0.0.1")
        assert status == 1 and "127.0.0.1" in wrong and "Blob." in wrong, "it is vouched for under another name"
        assert render("localhost")[::2] == (0, "")
    with Image.open(place / "out/photo-a.png") as made:
        assert made.getcolors() == [(180 * 120, (0, 0xcc, 0))]
