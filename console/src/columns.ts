// Output columns of a template, in the three forms that docs/columns.md describes.

export interface Column {
  name: string;
  label?: string;
  type?: string;
  format?: string;
  width?: number;
  map?: Record<string, string>;
  zone?: string | { from: string; to: string };
  binary?: string;
  guard?: boolean;
  // other keys stay as they came
  [key: string]: unknown;
}

// parseColumns reads a declaration; null: it is not one that the form can show.
export function parseColumns(text: string | undefined): Column[] | null {
  const s = (text ?? "").trim();
  if (!s) return [];
  if (s.startsWith("[")) {
    try {
      const list = JSON.parse(s) as unknown[];
      return list.map((c) => (typeof c === "string" ? { name: c } : (c as Column)));
    } catch {
      return null;
    }
  }
  return parseShort(s);
}

function parseShort(s: string): Column[] | null {
  const out: Column[] = [];
  let i = 0;
  const skip = () => {
    while (i < s.length && /\s/.test(s[i]!)) i++;
  };
  const part = (ends: string): string => {
    skip();
    let v = "";
    if (s[i] === "`") {
      for (i++; i < s.length; i++) {
        if (s[i] === "`") {
          if (s[i + 1] !== "`") break;
          i++;
        }
        v += s[i];
      }
      i++;
      skip();
      return v;
    }
    while (i < s.length && !ends.includes(s[i]!)) v += s[i++];
    return v.trim();
  };
  while (i < s.length) {
    const name = part(",，:：");
    if (!name) return null;
    const c: Column = { name };
    if (s[i] === ":" || s[i] === "：") {
      i++;
      c.label = part(",，");
    }
    out.push(c);
    if (i < s.length && s[i] !== "," && s[i] !== "，") return null;
    i++;
  }
  return out;
}

const plain = /^[^\s,，:：`[\]{}"]([^,，:：`\n]*[^\s,，:：`\n])?$/;

// writeColumns writes a short list where it says everything, else JSON.
export function writeColumns(columns: Column[]): string {
  const clean = columns.map((c) => {
    const kept = Object.entries(c).filter(([, v]) => v !== undefined && v !== "" && v !== 0);
    return Object.fromEntries(kept) as Column;
  });
  const short = clean.every((c) => Object.keys(c).every((k) => k === "name" || k === "label") && plain.test(c.name) && (!c.label || plain.test(c.label)));
  if (short) return clean.map((c) => (c.label && c.label !== c.name ? `${c.name}:${c.label}` : c.name)).join(", ");
  return "[\n" + clean.map((c) => "  " + JSON.stringify(Object.keys(c).length === 1 ? c.name : c)).join(",\n") + "\n]";
}
