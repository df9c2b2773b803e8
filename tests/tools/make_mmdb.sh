#!/bin/sh
# Databases of real scale in the schemas of GeoLite2, from Debian's libloc-database:
#   sh tests/tools/make_mmdb.sh FOLDER
# writes country.mmdb, asn.mmdb and city-synthetic.mmdb (countries are real, subdivisions are made
# up) into a folder outside of the repository; takes a minute. Needs the packages location
# libloc-database libmaxmind-db-writer-perl iso-codes mmdb-bin. The data is the IPFire Location
# database, (c) IPFire Development Team, CC BY-SA 4.0: whatever is published of it has to name the
# source and to carry the same licence. None of it is ever committed.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: make_mmdb.sh FOLDER" >&2
    exit 2
fi
tools=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$tools/../.." && pwd)
folder=$(realpath -m "$1")
case $folder/ in
"$repository"/*)
    echo "make_mmdb: $1 lies in the repository, where this data does not belong" >&2
    exit 2
    ;;
esac
for program in location mmdblookup; do
    if ! command -v "$program" >/dev/null 2>&1; then
        echo "make_mmdb: needs $program; see the packages above" >&2
        exit 1
    fi
done
if ! perl -MMaxMind::DB::Writer::Tree -e 1 2>/dev/null; then
    echo "make_mmdb: needs the package libmaxmind-db-writer-perl" >&2
    exit 1
fi
subdivisions=/usr/share/iso-codes/json/iso_3166-2.json
if [ ! -r $subdivisions ]; then
    echo "make_mmdb: needs the package iso-codes" >&2
    exit 1
fi

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
sh "$tools/make_loc_dump.sh" "$work/dump"
location list-countries --show-continent --show-name >"$work/countries"
perl "$tools/make_mmdb.pl" "$work/dump" "$work/countries" "$subdivisions" "$folder"

# Another reader has to find in them what the source says of the same address.
address=193.0.6.139
expected=$(location lookup "$address" | grep -o 'AS[0-9]*' | head -n 1)
found=$(mmdblookup --file "$folder/asn.mmdb" --ip "$address" autonomous_system_number | grep -o '[0-9]*' |
    head -n 1)
if [ "AS$found" != "$expected" ]; then
    echo "make_mmdb: $address is AS$found in asn.mmdb, but $expected in the source" >&2
    exit 1
fi
ls -l "$folder"
