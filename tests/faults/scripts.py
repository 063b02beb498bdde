"""The agent and the check of a simulated project, as shell scripts that keep a journal of their own.

`plan/N` says with which start the agent comes to a good result on issue N, and whether it commits it itself.
"""

from __future__ import annotations

AGENT = r"""
read -r prompt || exit 1
read -r head < .git/HEAD
issue=${head##*issue-}; issue=${issue%%-*}
echo "start $issue $$" >> ROOT/journal
starts=0
while read -r word number pid; do [ "$word $number" = "start $issue" ] && starts=$((starts + 1)); done < ROOT/journal
read -r good own < ROOT/plan-$issue
if [ "$starts" -ge "$good" ]; then word=fixed; else word=tried; fi
echo "$word in start $starts" > NOTES-$issue
if [ "$own" = yes ]; then git add -A && git commit -qm "Work on issue $issue"; fi
echo done
"""

CHECK = r"""
read -r sha < .git/HEAD
for notes in NOTES-*; do
  read -r word rest < "$notes"
  if [ "$word" != fixed ]; then echo "bad $sha" >> ROOT/journal; echo "FAILED: $notes"; exit 1; fi
done
for notes in NOTES-*; do echo "pass ${notes#NOTES-} $sha" >> ROOT/journal; done
"""
