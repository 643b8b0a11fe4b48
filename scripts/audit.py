"""Ask the vulnerability service about every installed package, and fail when it could not be asked.

pip-audit alone ends well when no service answers: it then skips each package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

OURS = "ementor"


def main() -> int:
    """0 = every package was looked up and none is known to be vulnerable."""
    command = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit could not ask:\n{ran.stderr.strip()}", file=sys.stderr)
        return 2
    return report([package for package in packages if package["name"] != OURS])


def report(packages: list[dict[str, Any]]) -> int:
    """Print what was found. A package that was skipped counts as a failure: nobody looked."""
    skipped = [package for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in skipped:
        print(f"not looked up: {package['name']}: {package['skip_reason']}", file=sys.stderr)
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}", file=sys.stderr)
    print(f"{len(packages) - len(skipped)} packages looked up, {len(vulnerable)} with known vulnerabilities.")
    if skipped or not packages:
        print("The audit is incomplete.", file=sys.stderr)
        return 2
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
