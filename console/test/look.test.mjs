// How the pages look and what they weigh: accessibility, sizes, screenshots.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { api, close, newPage, query, run, settled, start, stop, tpl } from "./lib.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const dist = new URL("../../internal/console/dist/", import.meta.url).pathname;
const maxBundle = 250 * 1024; // bytes of all files, compressed
const maxShot = 80 * 1024;
let pages;

before(async () => {
  await start();
  const from = [{ name: "from", type: "PARAM_DATETIME" }];
  const value = [{ name: "from", value: "2026-06-01 00:00:00" }];
  const t = await tpl("Paid orders", "SELECT order_no, customer, amount, paid, status, created_at, remark\nFROM orders\nWHERE created_at >= :from\nORDER BY order_no", { etplTag: "finance", etplParams: from });
  await tpl("Customers by month", query, { etplTag: "sales", etplOutputFormat: "FMT_XLSX", etplParams: from });
  const bad = await tpl("Ledger", query, { etplTag: "finance", etplParams: from, etplLimits: { rows: 1 } });
  const inst = await run(t.etplId, { params: value, etplOutputFormat: "FMT_XLSX" });
  const failed = await run(bad.etplId, { params: value });
  const csv = await run(t.etplId, { params: value });
  for (const i of [inst, failed, csv]) await settled(i.einstId);
  const sched = await api("POST", "/sched", { eschedName: "Paid orders, nightly", etplId: t.etplId, cron: "30 2 * * MON-FRI", zone: "Asia/Shanghai", params: value });
  pages = { templates: "/templates", editor: `/templates/${t.etplId}`, run: `/templates/${t.etplId}/run`, versions: `/templates/${t.etplId}/versions`, runs: "/runs", instance: `/runs/${csv.einstId}`, failed: `/runs/${failed.einstId}`, schedules: "/schedules", schedule: `/schedules/${sched.eschedId}`, deliveries: "/deliveries", queue: "/queue", "new template": "/templates/new", "new schedule": "/schedules/new", "no page": "/nowhere" };
});
after(stop);

async function settle(page) {
  await page.locator("main h1, main .empty").first().waitFor();
  await page.waitForFunction(() => !document.querySelector("main .skeleton, main .check-line .spin"));
}

// findings runs axe; in dark colors only what depends on colors.
async function findings(page, dark) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((only) => axe.run(document, { resultTypes: ["violations"], ...(only && { runOnly: ["color-contrast"] }) }), dark);
  return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).slice(0, 3).join("; ")}`);
}

for (const dark of [false, true]) {
  test(`axe finds nothing serious on any page, ${dark ? "dark" : "light"}`, async () => {
    const page = await newPage({ dark });
    for (const [name, path] of Object.entries(pages)) {
      await page.visit(path);
      await settle(page);
      assert.deepEqual(await findings(page, dark), [], name);
    }
    await page.visit(pages.editor);
    await settle(page);
    await page.getByRole("button", { name: "Show the first rows" }).click();
    await page.locator(".grid").waitFor();
    assert.deepEqual(await findings(page, dark), [], "preview");
    for (const tab of ["Parameters (1)", "Columns", "File", "Limits", "Delivery"]) {
      await page.getByRole("tab", { name: tab }).click();
      assert.deepEqual(await findings(page, dark), [], tab);
    }
    await close(page);
  });
}

test("no page is wider than a telephone", async () => {
  const page = await newPage({ width: 390, height: 844 });
  for (const [name, path] of Object.entries(pages)) {
    await page.visit(path);
    await settle(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
  }
  await close(page);
});

test("all files together are small, and the editor is loaded where it is used", async (t) => {
  const total = readdirSync(dist).reduce((n, f) => n + gzipSync(readFileSync(join(dist, f)), { level: 9 }).length, 0);
  assert.ok(total <= maxBundle, `${total} bytes compressed, want at most ${maxBundle}`);
  const page = await newPage();
  const loaded = [];
  page.on("request", (r) => loaded.push(new URL(r.url()).pathname));
  await page.visit("/runs");
  await settle(page);
  assert.ok(!loaded.some((p) => p.includes("editor")), loaded.join());
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  t.diagnostic(`${total} bytes compressed, first paint after ${Math.round(paint)} ms`);
  await close(page);
});

test("screenshots of the five main pages", async () => {
  const dir = process.env.SHOTS || mkdtempSync(join(tmpdir(), "console-"));
  mkdirSync(dir, { recursive: true });
  for (const dark of [false, true]) {
    const page = await newPage({ width: 1080, height: 640, dark });
    for (const name of ["templates", "editor", "instance", "runs", "schedule"]) {
      await page.visit(pages[name]);
      await settle(page);
      if (name === "editor") {
        await page.getByRole("button", { name: "Show the first rows" }).click();
        await page.locator(".grid").waitFor();
        await page.locator(".sql-card").evaluate((e) => scrollTo(0, e.getBoundingClientRect().top + scrollY - 16));
      }
      const file = join(dir, `${name}-${dark ? "dark" : "light"}.png`);
      await page.screenshot({ path: file });
      assert.ok(statSync(file).size <= maxShot, `${file}: ${statSync(file).size} bytes, want at most ${maxShot}`);
    }
    await close(page);
  }
});
