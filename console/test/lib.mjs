// What the browser tests share: the addresses of the services, a browser, and pages
// that report whatever they should not do.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

export const site = JSON.parse(process.env.CONSOLE_TEST);
let browser;

export async function start() {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
}
export const stop = () => browser.close();

// newPage opens a page. Its faults are errors of scripts, refusals of the
// Content-Security-Policy and requests to other origins.
export async function newPage({ width = 1280, height = 860, dark = false, locale = "en-GB", origin = site.open } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", locale, timezoneId: "Asia/Shanghai", acceptDownloads: true, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push("error: " + e.message));
  page.on("console", (m) => {
    if (/Content.Security.Policy|Trusted Type/i.test(m.text())) page.faults.push(m.text());
  });
  page.on("request", (r) => {
    if (new URL(r.url()).origin !== origin && !r.url().startsWith("data:")) page.faults.push("request to " + r.url());
  });
  page.on("dialog", (d) => {
    if (d.type() === "alert") page.faults.push("alert");
    void d.accept();
  });
  page.visit = (path) => page.goto(origin + "/console" + path);
  return page;
}

// close ends a page and fails the test if the page had faults.
export async function close(page) {
  const ran = await page.evaluate(() => window.pwned).catch(() => undefined);
  await page.context().close();
  assert.equal(ran, undefined, "a value ran as a script");
  assert.deepEqual(page.faults, []);
}

export async function api(method, path, body, { origin = site.open, token } = {}) {
  const res = await fetch(origin + "/v1" + path, {
    method,
    headers: { "Content-Type": "application/json", ...(token && { Authorization: "Bearer " + token }) },
    body: body && JSON.stringify(body),
  });
  const reply = await res.json();
  assert.ok(res.ok, `${method} ${path}: ${res.status} ${JSON.stringify(reply)}`);
  return reply.data;
}

export const tpl = (name, sql, more = {}, where) => api("POST", "/tpl", { etplName: name, etplExpr: sql, ...more }, where);
export const run = (etplId, more = {}, where) => api("POST", "/inst", { etplId, ...more }, where);

// until asks again until the answer is there.
export async function until(what, ask) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error("waited for " + what);
}

// settled waits until a run has ended.
export const settled = (id, where) =>
  until(`the end of run ${id}`, async () => {
    const inst = await api("GET", "/inst/" + id, undefined, where);
    return /SUCCEEDED|FAILED|CANCELED|TIMED_OUT|EXPIRED/.test(inst.state) && inst;
  });

export const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

// download clicks, or does what starts a download, and returns the file.
export async function download(page, act) {
  const [d] = await Promise.all([page.waitForEvent("download"), act()]);
  return { path: await d.path(), name: d.suggestedFilename() };
}

// typeSql replaces the text of the editor.
export async function typeSql(page, sql) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(sql);
}

// tabTo presses Tab until the focus is on an element with this name.
export async function tabTo(page, name, key = "Tab") {
  for (let n = 0; n < 80; n++) {
    await page.keyboard.press(key);
    const at = await page.evaluate(() => {
      let e = document.activeElement;
      while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
      const label = e?.id && document.querySelector(`label[for="${e.id}"]`);
      return e?.getAttribute("aria-label") || label?.textContent || e?.textContent || "";
    });
    if (at === name) return;
  }
  throw new Error(`no element "${name}" can be reached with ${key}`);
}

export const query = "SELECT order_no, customer, amount, paid, status, created_at, remark FROM orders WHERE created_at >= :from ORDER BY order_no";
// Each row takes a while at the database and fills a packet, so that rows arrive one
// after another.
export const slow = "SELECT n, SHA2(REPEAT(CONCAT(n, 'x'), 2000000), 512) AS digest, REPEAT('x', 12000) AS pad FROM numbers";
