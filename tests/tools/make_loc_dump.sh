#!/bin/sh
# The text dump of Debian's libloc-database, for gen_footprints.py --source libloc:
#   sh tests/tools/make_loc_dump.sh FILE
# Needs the packages location and libloc-database. The data is the IPFire Location database,
# (c) IPFire Development Team, CC BY-SA 4.0: whatever is published of it has to name the source and
# to carry the same licence. Neither the dump nor what is made of it is ever committed.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: make_loc_dump.sh FILE" >&2
    exit 2
fi
if ! command -v location >/dev/null 2>&1; then
    echo "make_loc_dump: needs the packages location and libloc-database" >&2
    exit 1
fi
location --quiet dump >"$1.part"
if ! grep -q '^net:' "$1.part"; then
    rm -f "$1.part"
    echo "make_loc_dump: the database holds no networks" >&2
    exit 1
fi
mv "$1.part" "$1"
