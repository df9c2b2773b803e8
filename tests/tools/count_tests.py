#!/usr/bin/python3
"""Counts tests: reads the output of `ctest -V` (each cmocka program counts with all of its tests, any
other test as one) or a JUnit file of pytest, and prints "PASSED FAILED".

A cmocka program that says nothing, or fails without naming a failed test (a crash, a sanitizer),
counts one failure. A skipped test is a failure: no test may be skipped.
"""
import re
import sys
import xml.etree.ElementTree as ET

RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#(\d+): (\S+) \.*\s*(Passed|\*{3}\S.*?)\s+[\d.]+ sec")


def count_ctest(text):
    said = {}
    passed = failed = 0
    for line in text.splitlines():
        m = re.match(r"^(\d+): \[  (PASSED|FAILED|SKIPPED)  \] (\d+) test\(s\)", line)
        if m:
            entry = said.setdefault(m.group(1), {"PASSED": 0, "FAILED": 0, "SKIPPED": 0})
            entry[m.group(2)] += int(m.group(3))
            continue
        m = RESULT.match(line)
        if m:
            number, ok = m.group(1), m.group(3) == "Passed"
            entry = said.get(number)
            if entry is None:
                passed, failed = passed + ok, failed + (not ok)
                continue
            bad = entry["FAILED"] + entry["SKIPPED"]
            passed += entry["PASSED"]
            failed += bad if bad or ok else 1
    return passed, failed


def count_junit(path):
    passed = failed = 0
    for suite in ET.parse(path).getroot().iter("testsuite"):
        total = int(suite.get("tests", 0))
        bad = sum(int(suite.get(k, 0)) for k in ("failures", "errors", "skipped"))
        passed, failed = passed + total - bad, failed + bad
    return passed, failed


def main():
    kind, path = sys.argv[1:]
    if kind == "junit":
        print(*count_junit(path))
    else:
        print(*count_ctest(open(path, errors="replace").read()))


if __name__ == "__main__":
    main()
