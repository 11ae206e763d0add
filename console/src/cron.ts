// Cron expressions in words, in both languages. The due times come from the
// service alone; an expression that is not understood here has no words.
import { lang } from "./text";

interface Item {
  from: number;
  to: number;
  step: number;
}
type FieldOf = { all: true; step: number } | { all: false; items: Item[] };

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const macros: Record<string, string> = {
  "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
};

function parseField(text: string, min: number, max: number, names: string[] = [], nameBase = 0): FieldOf | null {
  const value = (s: string): number => {
    const i = names.indexOf(s.toUpperCase());
    if (i >= 0) return i + nameBase;
    return /^\d+$/.test(s) ? Number(s) : NaN;
  };
  const all = /^(?:\*|\?)(?:\/(\d+))?$/.exec(text);
  if (all) return { all: true, step: Number(all[1] ?? 1) };
  const items: Item[] = [];
  for (const part of text.split(",")) {
    const m = /^(\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part);
    if (!m) return null;
    const from = value(m[1]!);
    const to = m[2] ? value(m[2]) : m[3] ? max : from;
    if (![from, to].every((n) => n >= min && n <= max)) return null;
    items.push({ from, to, step: Number(m[3] ?? 1) });
  }
  return { all: false, items };
}

const two = (n: number) => String(n).padStart(2, "0");

// singles are the values of a field without ranges and steps; null: it has some.
const singles = (f: FieldOf): number[] | null => (!f.all && f.items.every((i) => i.from === i.to) ? f.items.map((i) => i.from) : null);

function join(list: string[]): string {
  if (lang() === "zh") return list.join("、");
  return list.length < 2 ? (list[0] ?? "") : list.slice(0, -1).join(", ") + " and " + list[list.length - 1];
}

function ranges(f: FieldOf, show: (n: number) => string): string {
  if (f.all) return "";
  const zh = lang() === "zh";
  return join(f.items.map((i) => {
    const span = i.from === i.to ? show(i.from) : zh ? `${show(i.from)}至${show(i.to)}` : `${show(i.from)} to ${show(i.to)}`;
    if (i.step === 1) return span;
    return zh ? `${span}中每隔 ${i.step}` : `every ${ordinal(i.step)} of ${span}`;
  }));
}

function ordinal(n: number): string {
  const tail = n % 100 > 10 && n % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return n + tail;
}

const monthName = (n: number) => (lang() === "zh" ? `${n}月` : new Date(Date.UTC(2026, n - 1, 1)).toLocaleDateString("en-GB", { month: "long", timeZone: "UTC" }));
const dayName = (n: number) =>
  lang() === "zh" ? "周" + "日一二三四五六"[n % 7] : new Date(Date.UTC(2026, 1, 1 + (n % 7))).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });

// explainCron returns the words for an expression, or "".
export function explainCron(expr: string): string {
  const text = macros[expr.trim().toLowerCase()] ?? expr.trim();
  const parts = text.split(/\s+/);
  if (parts.length !== 5) return "";
  const zh = lang() === "zh";
  const minute = parseField(parts[0]!, 0, 59);
  const hour = parseField(parts[1]!, 0, 23);
  const month = parseField(parts[3]!, 1, 12, months, 1);
  const dom = dayOfMonth(parts[2]!);
  const dow = dayOfWeek(parts[4]!);
  if (!minute || !hour || !month || dom === null || dow === null) return "";
  const at = clock(minute, hour);
  let on: string;
  if (!dom && !dow) on = at.often ? "" : zh ? "每天" : "every day";
  else if (dom && dow) on = zh ? `${dom}，以及${dow}` : `${dom} and also ${dow}`;
  else on = dom || dow;
  const months_ = month.all ? (month.step > 1 ? (zh ? `每 ${month.step} 个月` : `in every ${ordinal(month.step)} month`) : "") : zh ? ranges(month, monthName) : "in " + ranges(month, monthName);
  if (zh) return [months_, on, at.words].filter(Boolean).join(months_ || on.includes("，") ? "，" : " ").replace(/^(每天) /, "$1 ");
  const words = [at.words, [on, months_].filter(Boolean).join(" ")].filter(Boolean).join(", ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function clock(minute: FieldOf, hour: FieldOf): { words: string; often: boolean } {
  const zh = lang() === "zh";
  const ms = singles(minute);
  const hs = singles(hour);
  if (ms && hs && ms.length * hs.length <= 6) {
    const times = hs.flatMap((h) => ms.map((m) => `${two(h)}:${two(m)}`)).sort();
    return { words: zh ? times.join("、") : "at " + join(times), often: false };
  }
  let every: string;
  if (minute.all) every = minute.step === 1 ? (zh ? "每分钟" : "every minute") : zh ? `每 ${minute.step} 分钟` : `every ${minute.step} minutes`;
  else every = zh ? `第 ${ranges(minute, String)} 分` : "at minute " + ranges(minute, String);
  if (hour.all) {
    if (hour.step > 1) return { words: zh ? `每 ${hour.step} 小时${minute.all ? "内" : "的"}${every}` : `${every} of every ${ordinal(hour.step)} hour`, often: true };
    if (!minute.all) return { words: zh ? `每小时${every}` : `every hour ${every}`, often: true };
    return { words: every, often: true };
  }
  const one = hour.items.length === 1 && hour.items[0]!.step === 1 ? hour.items[0]! : null;
  if (one) {
    const span = zh ? `${two(one.from)}:00 至 ${two(one.to)}:59 之间` : `between ${two(one.from)}:00 and ${two(one.to)}:59`;
    return { words: zh ? `${span}${minute.all ? "" : "每小时"}${every}` : minute.all ? `${every} ${span}` : `every hour ${every} ${span}`, often: false };
  }
  const hours = ranges(hour, (n) => two(n) + ":00");
  return { words: zh ? `${hours} 时段内${every}` : `${every} of the hours ${hours}`, often: false };
}

function dayOfMonth(text: string): string | null {
  const zh = lang() === "zh";
  const last = /^L(?:-(\d+))?$/i.exec(text);
  if (last) {
    const n = Number(last[1] ?? 0);
    if (n === 0) return zh ? "每月最后一天" : "on the last day of the month";
    return zh ? `每月最后一天之前 ${n} 天` : `${n} ${n === 1 ? "day" : "days"} before the last day of the month`;
  }
  const f = parseField(text, 1, 31);
  if (!f) return null;
  if (f.all) return f.step === 1 ? "" : zh ? `每月从 1 日起每 ${f.step} 天` : `every ${ordinal(f.step)} day of the month from the 1st`;
  return zh ? `每月 ${ranges(f, (n) => n + " 日")}` : `on day ${ranges(f, String)} of the month`;
}

function dayOfWeek(text: string): string | null {
  const zh = lang() === "zh";
  const last = /^(\w{1,3})L$/i.exec(text);
  if (last) {
    const f = parseField(last[1]!, 0, 7, days, 0);
    if (!f || f.all) return null;
    const name = dayName(f.items[0]!.from);
    return zh ? `每月最后一个${name}` : `on the last ${name} of the month`;
  }
  const f = parseField(text, 0, 7, days, 0);
  if (!f) return null;
  if (f.all) return f.step === 1 ? "" : zh ? `从周日起每 ${f.step} 天` : `every ${ordinal(f.step)} day of the week from Sunday`;
  const list = singles(f);
  if (list) return zh ? "每" + list.map(dayName).join("、") : "every " + join(list.map(dayName));
  return zh ? "每" + ranges(f, dayName) : ranges(f, dayName);
}
