// The main path: from a template to its file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, download, newPage, query, run, settled, sha256, site, slow, start, stop, tabTo, tpl, typeSql } from "./lib.mjs";

before(start);
after(stop);

test("the first file in three clicks, with the right SHA-256", async () => {
  const t = await tpl("first orders", query, { etplTag: "sample", etplParams: [{ name: "from", type: "PARAM_DATETIME" }] });
  await settled((await run(t.etplId, { params: [{ name: "from", value: "2026-03-01 00:00:00" }] })).einstId);
  const page = await newPage();
  await page.goto(site.open + "/");
  await page.getByRole("link", { name: "Run first orders" }).click(); // one
  await page.getByRole("button", { name: "Start the export" }).click(); // two
  const file = await download(page, () => page.getByRole("link", { name: "Download" }).click()); // three
  assert.equal(sha256(file.path), await page.locator("[data-sha256]").getAttribute("data-sha256"));
  const id = /runs\/(\d+)/.exec(page.url())[1];
  assert.equal(sha256(file.path), (await api("GET", "/inst/" + id)).files[0].sha256);
  await close(page);
});

test("create, preview, run with progress, download", async () => {
  const page = await newPage();
  await page.visit("/templates/new");
  await page.getByLabel("Name", { exact: true }).fill("paid orders");
  await page.getByLabel("Tag").fill("finance");
  await typeSql(page, "SELECT order_no, amount, paid, remark FROM orders WHERE created_at >= :from AND status IN (:states) ORDER BY order_no");
  await page.locator(".check-line.ok").waitFor();
  await page.getByRole("tab", { name: /Parameters \(2\)/ }).click();
  await page.getByRole("group", { name: ":from" }).getByLabel("Type").selectOption("PARAM_DATE");
  assert.ok(await page.getByRole("group", { name: ":states" }).getByLabel("A list, for IN (:name)").isChecked());
  // A column is moved by the keyboard, another one is left out, a third one labelled.
  await page.getByRole("tab", { name: "Columns" }).click();
  await page.getByRole("button", { name: /^Move remark/ }).focus();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await page.getByLabel("Leave out paid").click();
  await page.getByLabel("Header text of amount").fill("Amount, EUR");
  await page.getByRole("tab", { name: "File" }).click();
  await page.getByLabel("Text for NULL").fill("\\N");
  await page.getByRole("tab", { name: "Preview" }).click();
  await page.getByLabel("from").fill("2026-05-01");
  await page.getByLabel("states").fill("open\r\npaid\n");
  await page.getByRole("button", { name: "Show the first rows" }).click();
  const head = page.locator(".grid thead th");
  await head.nth(3).waitFor();
  assert.deepEqual((await head.allInnerTexts()).slice(1).map((x) => x.split("\n")[0]), ["order_no", "remark", "Amount, EUR"]);
  assert.ok((await page.locator(".grid .null", { hasText: "NULL" }).count()) > 0, "no NULL is shown");
  assert.ok((await page.locator(".grid .null", { hasText: "empty" }).count()) > 0, "no empty text is shown");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/templates\/\d+$/);
  await page.getByRole("link", { name: "Run", exact: true }).click();
  await page.getByRole("button", { name: "Start the export" }).click();
  assert.match(await page.locator(".param .hint.bad").first().innerText(), /value is needed/);
  await page.getByLabel("from").fill("2026-05-01");
  await page.getByLabel("states").fill("open\npaid");
  await page.getByLabel("Format").selectOption("FMT_XLSX");
  await page.getByRole("button", { name: "Start the export" }).click();
  const file = await download(page, () => page.getByRole("link", { name: "Download" }).click());
  assert.match(file.name, /\.xlsx$/);
  assert.equal(sha256(file.path), await page.locator("[data-sha256]").getAttribute("data-sha256"));
  const inst = await api("GET", "/inst/" + /runs\/(\d+)/.exec(page.url())[1]);
  assert.deepEqual(inst.params.find((p) => p.name === "states").values, ["open", "paid"]);
  await close(page);
});

test("progress from another replica, then cancel and retry", async () => {
  const t = await tpl("slow digests", slow);
  const page = await newPage();
  await page.visit(`/templates/${t.etplId}/run`);
  await page.getByRole("button", { name: "Start the export" }).click();
  await page.waitForURL(/runs\/\d+$/);
  const id = /runs\/(\d+)/.exec(page.url())[1];
  // Rows arrive although the replica of the page runs nothing itself.
  await page.waitForFunction(() => Number(document.querySelector(".counters strong")?.textContent.replace(/\D/g, "")) > 0);
  await page.locator(".counters div", { hasText: "rows a second" }).locator("strong", { hasText: /\d/ }).waitFor();
  // Another tab at the same address shows the same run; closing it changes nothing.
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("progressbar").waitFor();
  await other.close();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await page.locator(".page-head .state", { hasText: "Canceled" }).waitFor();
  assert.equal((await api("GET", "/inst/" + id)).state, "STATE_CANCELED");
  await page.locator(".timeline .state", { hasText: /^Canceled$/ }).waitFor();
  await page.getByRole("button", { name: "Retry" }).click();
  await page.waitForURL((u) => /runs\/\d+$/.test(u.pathname) && !u.pathname.endsWith("/" + id));
  await page.getByRole("link", { name: "retry of #" + id }).waitFor();
  await api("POST", `/inst/${/runs\/(\d+)/.exec(page.url())[1]}:cancel`, {});
  await close(page);
});

test("the service is restarted while a page is open", async () => {
  const page = await newPage();
  await page.visit("/templates/new");
  await page.getByLabel("Name", { exact: true }).fill("typed before the restart");
  await typeSql(page, "SELECT 1 AS one");
  await page.locator(".check-line.ok").waitFor();
  await fetch(site.control + "/stop", { method: "POST" });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The connection to the service is lost.").waitFor();
  await fetch(site.control + "/start", { method: "POST" });
  await page.getByText("The connection to the service is lost.").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "typed before the restart");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/templates\/\d+$/);
  assert.match(await page.locator("h1").innerText(), /typed before the restart/);
  await close(page);
});

test("a run's page comes back after a restart", async () => {
  const t = await tpl("slow digests 2", slow + " LIMIT 250");
  const page = await newPage();
  await page.visit("/runs/" + (await run(t.etplId)).einstId);
  await page.waitForFunction(() => Number(document.querySelector(".counters strong")?.textContent.replace(/\D/g, "")) > 0);
  await fetch(site.control + "/stop", { method: "POST" });
  await page.getByText("The connection to the service is lost.").waitFor();
  await fetch(site.control + "/start", { method: "POST" });
  await page.getByRole("link", { name: "Download" }).waitFor();
  await close(page);
});

test("the keyboard alone", async () => {
  await tpl("keyboard only", "SELECT order_no FROM orders WHERE amount > :least ORDER BY order_no", { etplParams: [{ name: "least", type: "PARAM_DECIMAL" }] });
  const page = await newPage();
  await page.visit("/templates");
  await page.getByRole("link", { name: "Run keyboard only" }).waitFor();
  await tabTo(page, "Search by name or tag");
  await page.keyboard.type("keyboard");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await tabTo(page, "Run keyboard only");
  await page.keyboard.press("Enter");
  await page.getByLabel("least").waitFor();
  await tabTo(page, "least");
  await page.keyboard.type("100.50");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Download" }).waitFor();
  await tabTo(page, "Download");
  const file = await download(page, () => page.keyboard.press("Enter"));
  assert.equal(sha256(file.path), await page.locator("[data-sha256]").getAttribute("data-sha256"));
  // The editor does not hold the focus.
  await page.visit("/templates/new");
  await page.locator(".cm-content").waitFor();
  await tabTo(page, "SQL");
  await page.keyboard.type("SELECT 7 AS seven");
  await page.locator(".check-line.ok").waitFor();
  await tabTo(page, "Preview");
  await close(page);
});

test("the runs are filtered, and the filter is in the address", async () => {
  const t = await tpl("fails", "SELECT order_no FROM orders WHERE amount > :least", { etplParams: [{ name: "least", type: "PARAM_INT" }], etplLimits: { rows: 1 } });
  await settled((await run(t.etplId, { params: [{ name: "least", value: "0" }] })).einstId);
  const page = await newPage();
  await page.visit("/runs");
  await page.getByRole("button", { name: "Failed" }).click();
  await page.getByRole("button", { name: "More filters" }).click();
  await page.getByLabel("Text in the error").fill("limit of rows");
  await page.waitForURL(/error=limit/);
  const row = page.locator("tbody tr", { hasText: "fails" });
  await row.waitFor();
  await page.reload();
  await page.locator("tbody tr", { hasText: "fails" }).waitFor();
  assert.ok((await page.locator("tbody tr").allInnerTexts()).every((x) => x.includes("Failed")));
  await page.getByLabel("Text in the error").fill("nothing has this error");
  await page.getByText("No run matches").waitFor();
  await close(page);
});

test("versions are shown as a diff", async () => {
  const t = await tpl("versioned", "SELECT order_no FROM orders");
  await api("PATCH", "/tpl/" + t.etplId, { etplExpr: "SELECT order_no, amount FROM orders", etplOutputFormat: "FMT_XLSX" });
  const page = await newPage();
  await page.visit("/templates/" + t.etplId);
  await page.getByRole("link", { name: "Versions" }).click();
  await page.getByText("From version 1 to version 2").waitFor();
  assert.match(await page.locator(".diff .new").last().innerText(), /SELECT order_no, amount FROM orders/);
  assert.match(await page.locator(".diff .old").last().innerText(), /SELECT order_no FROM orders/);
  await close(page);
});

test("copy and delete", async () => {
  const t = await tpl("to be copied", "SELECT 1 AS one", { etplTag: "copies" });
  const page = await newPage();
  await page.visit("/templates?q=to+be+copied");
  await page.getByRole("link", { name: "Copy to be copied" }).click();
  await page.locator(".check-line.ok").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL((u) => /templates\/\d+$/.test(u.pathname) && !u.pathname.endsWith("/" + t.etplId));
  await page.getByRole("button", { name: "Delete to be copied (copy)" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/\/templates$/);
  await page.getByText("to be copied (copy) is deleted").waitFor();
  await close(page);
});

test("templates are found by a part of the name and of the tag", async () => {
  await tpl("needle in names", "SELECT 1 AS one", { etplTag: "haystack" });
  const page = await newPage();
  await page.visit("/templates");
  for (const part of ["dle in na", "aysta"]) {
    await page.getByRole("searchbox").fill(part);
    await page.waitForURL((u) => u.searchParams.get("q") === part);
    await page.getByRole("link", { name: "Copy needle in names" }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("a[aria-label^='Copy '], a[title^='Copy ']").length <= 1);
  }
  await close(page);
});

test("a column is dragged to another place", async () => {
  const page = await newPage();
  await page.visit("/templates/new");
  await typeSql(page, "SELECT order_no, amount, remark FROM orders");
  await page.locator(".check-line.ok").waitFor();
  await page.getByRole("tab", { name: "Columns" }).click();
  const columns = page.locator("ul.columns:not(.off) > li");
  await columns.nth(2).locator(".column-name").dragTo(columns.nth(0).locator(".column-name"));
  await page.locator("ul.columns:not(.off) > li:first-child .column-name", { hasText: "remark" }).waitFor();
  assert.deepEqual(await columns.locator(".column-name").evaluateAll((all) => all.map((c) => c.firstChild.textContent)), ["remark", "order_no", "amount"]);
  await close(page);
});

test("completion offers the tables and columns of the source", async () => {
  const page = await newPage();
  await page.visit("/templates/new");
  await page.locator(".cm-content").click();
  await page.keyboard.type("SELECT * FROM ord");
  await page.locator(".cm-tooltip-autocomplete li", { hasText: "orders" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.type("ers o WHERE o.cust");
  await page.locator(".cm-tooltip-autocomplete li", { hasText: "customer" }).waitFor();
  await close(page);
});
