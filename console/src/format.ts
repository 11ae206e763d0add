// Numbers, sizes, times and durations as they are shown.
import { locale, t } from "./text";

export const num = (n: string | number | undefined) => Number(n ?? 0).toLocaleString(locale());

export function size(bytes: string | number | undefined): string {
  let n = Number(bytes ?? 0);
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let u = 0;
  for (; n >= 1024 && u < units.length - 1; u++) n /= 1024;
  return n.toLocaleString(locale(), { maximumFractionDigits: u === 0 || n >= 100 ? 0 : 1 }) + " " + units[u];
}

export function duration(ms: number): string {
  const s = Math.max(0, ms / 1000);
  if (s < 10) return t("time.s", { n: s.toFixed(1) });
  if (s < 60) return t("time.s", { n: Math.round(s) });
  if (s < 3600) return t("time.ms", { m: Math.floor(s / 60), s: Math.round(s % 60) });
  if (s < 86400) return t("time.hm", { h: Math.floor(s / 3600), m: Math.round((s % 3600) / 60) });
  return t("time.d", { n: Math.round(s / 86400) });
}

const two = (n: number) => String(n).padStart(2, "0");

// time is a time of the API in the zone of the browser: 2026-01-31 23:59:59.
export function time(at: string | undefined): string {
  if (!at) return "–";
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// ago says how long ago a time is, or how far ahead.
export function ago(at: string | undefined, now = Date.now()): string {
  if (!at) return "–";
  const s = (new Date(at).getTime() - now) / 1000;
  const f = new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "long" });
  const abs = Math.abs(s);
  if (abs < 45) return f.format(Math.round(s), "second");
  if (abs < 2700) return f.format(Math.round(s / 60), "minute");
  if (abs < 79200) return f.format(Math.round(s / 3600), "hour");
  if (abs < 86400 * 26) return f.format(Math.round(s / 86400), "day");
  return f.format(Math.round(s / 86400 / 30), "month");
}

// inZone splits a moment into the parts of the wall clock of a zone.
export function inZone(at: string | Date, zone: string | undefined) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone || undefined, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(new Date(at));
  const p = Object.fromEntries(parts.map((x) => [x.type, x.value]));
  return { date: `${p.year}-${p.month}-${p.day}`, time: `${p.hour}:${p.minute}`, year: +p.year!, month: +p.month!, day: +p.day! };
}

export function zoneKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

// zoneOffset is the offset of a zone at a moment in minutes.
function zoneOffset(at: number, zone: string | undefined): number {
  const p = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone || undefined, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23",
  }).formatToParts(new Date(at));
  const v = (type: string) => Number(p.find((x) => x.type === type)!.value);
  return (Date.UTC(v("year"), v("month") - 1, v("day"), v("hour"), v("minute"), v("second")) - Math.floor(at / 1000) * 1000) / 60000;
}

// fromZone is the moment of a wall clock time "2026-01-31T10:00" in a zone, in UTC.
export function fromZone(local: string, zone: string | undefined): string {
  const wall = Date.parse(local.length === 10 ? local + "T00:00Z" : local + "Z");
  if (Number.isNaN(wall)) return "";
  let at = wall - zoneOffset(wall, zone) * 60000;
  at = wall - zoneOffset(at, zone) * 60000;
  return new Date(at).toISOString().replace(".000Z", "Z");
}

// hidden characters that reorder text around them are shown as what they are.
const reordering = /[\u0000-\u0008\u000b-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
export function visible(text: string | undefined): string {
  return (text ?? "").replace(reordering, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}
