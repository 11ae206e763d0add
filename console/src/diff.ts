// The difference of two texts by lines.
export interface Line {
  kind: "same" | "old" | "new";
  text: string;
}

export function diff(before: string, after: string): Line[] {
  const a = before.split("\n");
  const b = after.split("\n");
  if (a.length * b.length > 4_000_000) {
    return [...a.map((text): Line => ({ kind: "old", text })), ...b.map((text): Line => ({ kind: "new", text }))];
  }
  // length[i][j]: the longest common subsequence of a[i:] and b[j:]
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i]![j] = a[i] === b[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: "same", text: a[i++]! });
      j++;
    } else if (i < a.length && (j === b.length || length[i + 1]![j]! >= length[i]![j + 1]!)) {
      out.push({ kind: "old", text: a[i++]! });
    } else {
      out.push({ kind: "new", text: b[j++]! });
    }
  }
  return out;
}

// brief keeps the changed lines with three lines around them; null: lines left out.
export function brief(lines: Line[]): (Line | null)[] {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - 3), i + 4).some((l) => l.kind !== "same"));
  const out: (Line | null)[] = [];
  lines.forEach((l, i) => {
    if (near[i]) out.push(l);
    else if (out[out.length - 1] !== null) out.push(null);
  });
  return out;
}
