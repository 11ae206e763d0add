// Command attack runs hostile callers against the real exportd binary on loopback,
// and measures what they cost everybody else. `make attack` runs all attacks;
// -only PATTERN runs some of them.
//
// Two exportd processes run on one private MariaDB: "tokens", which requires
// tokens, and "open", which does not. For each attack, a second caller with another
// address calls GetInst 100 times a second, and an export that was started at the
// beginning keeps running. An attack falls short if
//
//   - its own expectation fails, such as the status that the attacker must get,
//   - the second caller's p99 is 100 ms or more (the median of three runs),
//   - the process has more than 1 GiB resident or ends,
//   - the running export loses its lease.
//
// Every attack has a bounded number of requests, and nothing leaves the machine.
package main
