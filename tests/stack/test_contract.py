"""The contracts that checks outside this repository hold us to."""

import os
import subprocess
import sys

import pytest

from tests.stack.running import ADMIN_TOKEN, ROOT, Running

CHECKS = ROOT / os.environ.get("CASEWORK_CHECKS", "../shared/checks")

pytestmark = pytest.mark.stack


@pytest.mark.skipif(not (CHECKS / "contract.py").exists(), reason="no contract.py there; set CASEWORK_CHECKS to its folder")
def test_contract_holds(stack: Running) -> None:
    ports = {"--http": stack.ports.http, "--smtp": stack.ports.smtp, "--sim": stack.ports.simulators}
    options = [part for name, port in ports.items() for part in (name, str(port))]
    checked = subprocess.run(
        [sys.executable, str(CHECKS / "contract.py"), *options, "--token", ADMIN_TOKEN],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert checked.returncode == 0, f"{checked.stdout}\n{checked.stderr}"
    assert "all hold" in checked.stdout
