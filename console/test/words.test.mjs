// The parts without a page: texts, cron expressions in words, columns, diffs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";

const src = new URL("../src/", import.meta.url).pathname;
const { outputFiles } = await build({
  stdin: { contents: `export * from "./texts/en"; export * from "./texts/zh"; export * from "./cron"; export * from "./columns"; export * from "./diff"; export * from "./format"; export { listOf } from "./ui/params"; export { chooseLanguage } from "./text";`, resolveDir: src, loader: "ts" },
  bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact",
});
globalThis.document = { documentElement: {}, baseURI: "http://localhost/console/" };
globalThis.addEventListener ??= () => {};
globalThis.location ??= { href: "" };
const m = await import("data:text/javascript;base64," + Buffer.from(outputFiles[0].text).toString("base64"));

test("both languages have the same keys and the same values in them", () => {
  assert.deepEqual(Object.keys(m.zh), Object.keys(m.en));
  const names = (s) => [...new Set([...s.matchAll(/\{(\w+)/g)].map((x) => x[1]))].sort();
  for (const [key, text] of Object.entries(m.en)) assert.deepEqual(names(m.zh[key]), names(text), key);
});

test("explainCron", () => {
  const cases = {
    "30 2 * * *": ["At 02:30, every day", "每天 02:30"],
    "15 4 * * MON-FRI": ["At 04:15, Monday to Friday", "每周一至周五 04:15"],
    "0 6 L * *": ["At 06:00, on the last day of the month", "每月最后一天 06:00"],
    "0 6 L-2 * *": ["At 06:00, 2 days before the last day of the month", "每月最后一天之前 2 天 06:00"],
    "0 6 * * FRIL": ["At 06:00, on the last Friday of the month", "每月最后一个周五 06:00"],
    "*/15 9-17 * * *": ["Every 15 minutes between 09:00 and 17:59, every day", "每天 09:00 至 17:59 之间每 15 分钟"],
    "* * * * *": ["Every minute", "每分钟"],
    "5 * * * *": ["Every hour at minute 5", "每小时第 5 分"],
    "0 8,20 1 * *": ["At 08:00 and 20:00, on day 1 of the month", "每月 1 日 08:00、20:00"],
    "0 0 1 1 *": ["At 00:00, on day 1 of the month in January", "1月，每月 1 日，00:00"],
    "0 0 13 * 5": ["At 00:00, on day 13 of the month and also every Friday", "每月 13 日，以及每周五，00:00"],
    "@daily": ["At 00:00, every day", "每天 00:00"],
    "0 0 * * 0,6": ["At 00:00, every Sunday and Saturday", "每周日、周六 00:00"],
    "61 * * * *": ["", ""],
    "0 0 * *": ["", ""],
  };
  for (const [expr, [en, zh]] of Object.entries(cases)) {
    m.chooseLanguage("en", false);
    assert.equal(m.explainCron(expr), en, expr);
    m.chooseLanguage("zh", false);
    assert.equal(m.explainCron(expr), zh, expr);
  }
});

test("parseColumns and writeColumns", () => {
  assert.deepEqual(m.parseColumns("order_no, amount:金额，paid_at：时间"), [{ name: "order_no" }, { name: "amount", label: "金额" }, { name: "paid_at", label: "时间" }]);
  assert.deepEqual(m.parseColumns("`a,b`:`x``y`"), [{ name: "a,b", label: "x`y" }]);
  assert.equal(m.parseColumns("[oops"), null);
  for (const list of [[{ name: "a" }], [{ name: "a,b", label: 'q"' }], [{ name: "n", type: "number", format: "0.00", map: { 0: "no" } }, { name: "z", label: "a:b" }]]) {
    assert.deepEqual(m.parseColumns(m.writeColumns(list)), list);
  }
});

test("listOf takes a column of a spreadsheet", () => {
  assert.deepEqual(m.listOf("a\r\nb\n\n c \t d"), ["a", "b", "c", "d"]);
});

test("fromZone and inZone", () => {
  assert.equal(m.fromZone("2026-01-31T10:00", "Asia/Shanghai"), "2026-01-31T02:00:00Z");
  assert.equal(m.fromZone("2026-07-01T00:00", "Europe/Berlin"), "2026-06-30T22:00:00Z");
  assert.equal(m.inZone("2026-06-30T22:00:00Z", "Europe/Berlin").date, "2026-07-01");
});

test("diff", () => {
  const lines = m.diff("a\nb\nc", "a\nx\nc");
  assert.deepEqual(lines.map((l) => l.kind + l.text), ["samea", "oldb", "newx", "samec"]);
});

test("visible shows characters that reorder text", () => {
  assert.equal(m.visible("a\u202eb"), "a\\u202eb");
});
