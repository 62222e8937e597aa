"""Completes the SBOM of a binary that cyclonedx-gomod made, for .ci/release.

    sbom.py MODULES.json TIME SQLITE-VERSION LIBC-PACKAGE LIBC-VERSION

adds what is linked in and is no Go module: SQLite, which is in go-sqlite3's source, and
the C library. It takes out what would differ from one build of the tool to the next, and
refuses a document in which a reference leads nowhere.
"""

import json
import sys
import urllib.parse

path, time, sqlite, libc, libc_version = sys.argv[1:]
with open(path) as f:
    bom = json.load(f)

bom["metadata"]["timestamp"] = time
for tool in bom["metadata"]["tools"]:
    tool.pop("hashes", None)
# The tool has its warning that the license of the main module was not found.
bom["metadata"]["component"]["licenses"] = [{"license": {"id": "Apache-2.0"}}]
main = bom["metadata"]["component"]["bom-ref"]

driver = [c["bom-ref"] for c in bom["components"] if c["name"] == "github.com/mattn/go-sqlite3"]
if len(driver) != 1 or not sqlite or not libc_version:
    sys.exit("the binary has no go-sqlite3, or a version is missing")
sqlite_ref, libc_ref = f"pkg:generic/sqlite@{sqlite}", f"pkg:deb/debian/{libc}@{urllib.parse.quote(libc_version)}"
bom["components"] += [
    {
        "bom-ref": sqlite_ref,
        "type": "library",
        "name": "sqlite",
        "version": sqlite,
        "description": "the amalgamation in the source of go-sqlite3",
        "scope": "required",
        "licenses": [{"license": {"name": "Public Domain"}}],
        "cpe": f"cpe:2.3:a:sqlite:sqlite:{sqlite}:*:*:*:*:*:*:*",
        "purl": sqlite_ref,
    },
    {
        "bom-ref": libc_ref,
        "type": "library",
        "name": libc,
        "version": libc_version,
        "description": "the GNU C Library, linked statically",
        "scope": "required",
        "licenses": [{"license": {"id": "LGPL-2.1-or-later"}}],
        "purl": libc_ref,
    },
]
for needs in bom["dependencies"]:
    if needs["ref"] == driver[0]:
        needs["dependsOn"] = sorted({*needs.get("dependsOn", []), sqlite_ref})
    if needs["ref"] == main:
        needs["dependsOn"] = sorted({*needs.get("dependsOn", []), libc_ref})
bom["dependencies"] += [{"ref": sqlite_ref, "dependsOn": [libc_ref]}, {"ref": libc_ref}]

known = {main} | {c["bom-ref"] for c in bom["components"]}
named = {n["ref"] for n in bom["dependencies"]} | {d for n in bom["dependencies"] for d in n.get("dependsOn", [])}
if len(known) != len(bom["components"]) + 1 or not named <= known:
    sys.exit(f"the SBOM names what is not in it: {sorted(named - known)}")
json.dump(bom, sys.stdout, indent=2, sort_keys=True)
print()
