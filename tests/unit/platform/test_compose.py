"""What can be said of docker-compose.yml and deploy/Dockerfile without an engine: the file parses, every service
runs a program that the build makes with settings that the programs know, and the image's steps are the tree's own."""

import pathlib
import re

import yaml

TREE = pathlib.Path(__file__).resolve().parents[3]


def compose():
    return yaml.safe_load((TREE / "docker-compose.yml").read_text())


def known_settings():
    names = set()
    for source in TREE.glob("*/**/*.c"):
        if "build" not in source.parts:
            names |= set(re.findall(r'"((?:MILLRACE|GATEWAY|ORCH|WORKER)_[A-Z0-9_]+)"', source.read_text(errors="replace")))
    return names


def test_every_program_of_ours_is_one_that_the_build_makes():
    made = set(re.findall(r"mr_program\((millrace[a-z-]*)", (TREE / "CMakeLists.txt").read_text()))
    ours = {name: service for name, service in compose()["services"].items() if "build" in service}
    assert set(ours) == {"gateway", "orchestrator", "worker"}
    for service in ours.values():
        assert service["command"][0] in made


def test_every_setting_is_one_that_a_program_knows():
    known = known_settings()
    for name, service in compose()["services"].items():
        if "build" in service:
            for setting in service["environment"]:
                assert setting in known, f"{name}: {setting}"


def test_what_a_service_waits_for_is_there():
    services = compose()["services"]
    for service in services.values():
        for other in service.get("depends_on", []):
            assert other in services


def test_no_secret_has_a_default():
    text = (TREE / "docker-compose.yml").read_text()
    for line in text.splitlines():
        if re.search(r"(SECRET|PASSWORD|ADMIN_KEY)[A-Z_]*:", line):
            assert ":?" in line, line


def test_the_image_takes_its_packages_from_the_one_list():
    text = (TREE / "deploy" / "Dockerfile").read_text()
    patterns = re.findall(r"sed -n '(s/[^']*/p)'", text)
    assert len(patterns) == 2
    packages = (TREE / "deploy" / "packages").read_text()
    listed = re.findall(r"^(run|build|test) +(\S+)", packages, re.M)
    for pattern, sets in zip(patterns, (("run", "build"), ("run",))):
        import subprocess
        out = subprocess.run(["sed", "-n", pattern], input=packages, capture_output=True, text=True, check=True).stdout
        assert out.split() == [name for group, name in listed if group in sets]
