// Hostile values, bad input, and a template that somebody else changes in between.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, newPage, run, settled, start, stop, tpl, typeSql } from "./lib.mjs";

const evil = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><svg/onload=window.pwned=1>`;
const rtl = "\u202egnp.exe \u2066javascript:window.pwned=1";

before(start);
after(stop);

test("hostile values, names and error texts in every page", async () => {
  const t = await tpl(evil, "SELECT id, v AS `<b onmouseover=window.pwned=1>` FROM hostile WHERE v <> :x", { etplTag: "<i>" + rtl.slice(1, 20), etplDeliverTo: [{ destination: "archive", path: "<script>/" }] });
  const other = await tpl("javascript:window.pwned=1 " + rtl, "SELECT v FROM hostile WHERE v <> :x", { etplLimits: { rows: 1 } });
  const inst = await run(t.etplId, { params: [{ name: "x", value: evil + rtl }] });
  const failed = await run(other.etplId, { params: [{ name: "x", value: rtl }] });
  await settled(inst.einstId);
  await settled(failed.einstId);
  await api("PATCH", "/tpl/" + t.etplId, { etplTag: evil.slice(0, 60) });
  const sched = await api("POST", "/sched", { eschedName: evil, etplId: t.etplId, cron: "0 0 1 1 *", params: [{ name: "x", value: evil }] });
  const page = await newPage();
  for (const path of ["/templates", `/templates/${t.etplId}`, `/templates/${other.etplId}`, `/templates/${t.etplId}/versions`, `/templates/${t.etplId}/run`, "/runs", `/runs/${inst.einstId}`, `/runs/${failed.einstId}`, "/schedules", `/schedules/${sched.eschedId}`, "/deliveries", "/queue", "/templates?q=" + encodeURIComponent(evil), "/runs?name=" + encodeURIComponent(evil), "/" + encodeURIComponent(evil)]) {
    await page.visit(path);
    await page.locator("main h1, main .empty").first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => {});
    const found = await page.evaluate(() => ({
      elements: [...document.querySelectorAll("main script, main img, main iframe, main b, [onerror], [onload], a[href^='javascript:' i]")].length,
      hidden: /[\u202a-\u202e\u2066-\u2069]/.test(document.querySelector("main").innerText),
      pwned: window.pwned,
    }));
    assert.deepEqual(found, { elements: 0, hidden: false, pwned: undefined }, path);
  }
  // Cells of the preview, and the refusal of hostile SQL.
  await page.visit("/templates/" + t.etplId);
  await page.locator(".check-line.ok").waitFor();
  await page.getByRole("button", { name: "Show the first rows" }).click();
  await page.locator(".grid td", { hasText: "<script>window.pwned=1</script>" }).first().waitFor();
  await page.locator(".grid td", { hasText: "\\u202efdexe.txet" }).waitFor();
  await page.getByRole("button", { name: "Run" }).count();
  await typeSql(page, `SELECT "${evil.replaceAll('"', "'")}" FROM nowhere`);
  await page.locator(".check-line.bad").waitFor();
  await close(page);
});

test("the refusal of SQL stands at its line and column", async () => {
  const page = await newPage();
  await page.visit("/templates/new");
  await typeSql(page, "SELECT order_no\nFROM orders\n  FOR UPDATE");
  await page.locator(".check-line.bad", { hasText: "Line 3, column 3:" }).waitFor();
  await page.locator(".cm-lintRange-error").waitFor();
  assert.equal(await page.locator(".cm-lintRange-error").first().innerText(), "FOR UPDATE");
  await page.getByLabel("Name", { exact: true }).fill("refused");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Not saved. Correct this and save again:").waitFor();
  assert.match(await page.locator(".cm-content").innerText(), /FOR UPDATE/);
  await close(page);
});

test("a parameter of the wrong type is named and nothing typed is lost", async () => {
  const t = await tpl("typed params", "SELECT order_no FROM orders WHERE amount > :least", { etplParams: [{ name: "least", type: "PARAM_DECIMAL" }] });
  const page = await newPage();
  await page.visit(`/templates/${t.etplId}/run`);
  await page.getByLabel("least").fill("12,5");
  await page.getByRole("button", { name: "Start the export" }).click();
  assert.match(await page.locator(".param .hint.bad").innerText(), /12,5/);
  assert.equal(await page.getByLabel("least").inputValue(), "12,5");
  await close(page);
});

test("a template that somebody else changed in between", async () => {
  const t = await tpl("changed twice", "SELECT order_no FROM orders");
  const page = await newPage();
  await page.visit("/templates/" + t.etplId);
  await page.locator(".check-line.ok").waitFor();
  await typeSql(page, "SELECT order_no, amount FROM orders");
  await page.locator(".check-line.ok", { hasText: "2 columns" }).waitFor();
  await api("PATCH", "/tpl/" + t.etplId, { etplTag: "theirs" });
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Somebody else has changed this in between" });
  await dialog.waitFor();
  assert.match(await dialog.locator(".diff .old").first().innerText(), /theirs/);
  await dialog.getByRole("button", { name: "Go on editing" }).click();
  assert.match(await page.locator(".cm-content").innerText(), /order_no, amount/);
  await page.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("button", { name: "Save mine as the next version" }).click();
  await page.getByText("changed twice is saved").waitFor();
  const now = (await api("GET", "/tpl?etplId=" + t.etplId))[0];
  assert.deepEqual([now.etplVersion, now.etplExpr], [3, "SELECT order_no, amount FROM orders"]);
  await close(page);
});

test("a page with unsaved input asks before it is left", async () => {
  const page = await newPage();
  await page.visit("/templates");
  await page.getByRole("link", { name: "New template" }).click();
  await page.getByLabel("Name", { exact: true }).fill("not saved yet");
  // The answer is no: the page stays, with what was typed.
  page.removeAllListeners("dialog");
  let asked = 0;
  page.on("dialog", (d) => (asked++, d.dismiss()));
  await page.getByRole("link", { name: "Runs" }).click();
  await page.goBack().catch(() => {});
  await page.waitForFunction(() => location.pathname.endsWith("/templates/new"));
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "not saved yet");
  assert.equal(asked, 2);
  page.removeAllListeners("dialog");
  page.on("dialog", (d) => d.accept());
  await page.getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  await close(page);
});
