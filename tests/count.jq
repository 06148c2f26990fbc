# SPDX-License-Identifier: LGPL-2.1-or-later
#
# From meson's log of a test run (one JSON object per program) to the line
# "PASSED FAILED SKIPPED". A program that says how many checks it made, in TAP
# or in the way of GstCheck, counts as that many; any other counts as one. What
# meson calls a failure is at least one, whatever the program said before.

def tap:
  (.stdout // "") | split("\n") | select (any(.[]; startswith("1..")))
  | map(select(startswith("ok ") or startswith("not ok ")))
  | {
      passed: map(select(startswith("ok ")
        and (test("# *skip"; "i") | not))) | length,
      failed: map(select(startswith("not ok "))) | length,
      skipped: map(select(startswith("ok ") and test("# *skip"; "i"))) | length
    };

def gstcheck:
  [(.stdout // "")
    | scan("Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)")
    | map(tonumber)]
  | select(length > 0)
  | {
      passed: map(.[0] - .[1] - .[2]) | add,
      failed: map(.[1] + .[2]) | add,
      skipped: 0
    };

def checks:
  .result as $result
  | if $result == "SKIP" then {passed: 0, failed: 0, skipped: 1}
    else
      ([tap, gstcheck, {passed: 0, failed: 0, skipped: 0}] | first)
      | if $result == "OK" or $result == "EXPECTEDFAIL" then
          if .passed + .failed + .skipped == 0 then .passed = 1 else . end
        elif .failed == 0 then .failed = 1
        else . end
    end;

[inputs | checks]
| [(map(.passed), map(.failed), map(.skipped)) | add // 0 | tostring]
| join(" ")
