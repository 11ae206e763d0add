// Schedules, deliveries and the queue.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, newPage, run, settled, site, start, stop, tpl, until } from "./lib.mjs";

before(start);
after(stop);

test("a schedule is made, explained, paused, backfilled", async () => {
  const t = await tpl("daily orders", "SELECT order_no FROM orders WHERE created_at >= :window_start AND created_at < :window_end");
  const page = await newPage();
  await page.visit(`/schedules/new?template=${t.etplId}`);
  await page.getByLabel("Name", { exact: true }).fill("every night");
  await page.getByLabel("Cron expression").fill("15 4 * * MON-FRI");
  await page.getByLabel("Time zone").fill("Asia/Shanghai");
  await page.locator("[data-test=words]", { hasText: "At 04:15, Monday to Friday" }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".due-list li").length === 10 && [...document.querySelectorAll(".due-list strong")].every((x) => x.textContent === "04:15"));
  // The days of the calendar are those of the list.
  const days = await page.locator(".due-list time").evaluateAll((l) => l.map((x) => x.textContent.slice(0, 3)));
  assert.ok(days.every((d) => !["Sat", "Sun"].includes(d)), days.join());
  assert.ok((await page.locator(".month td.due").count()) >= 8);
  await page.getByRole("button", { name: "切换到中文" }).click();
  await page.locator("[data-test=words]", { hasText: "每周一至周五 04:15" }).waitFor();
  await page.getByRole("button", { name: "Switch to English" }).click();
  await page.getByLabel("Cron expression").fill("0 0 31 2 *");
  await page.locator(".notice.bad").waitFor();
  await page.getByLabel("Cron expression").fill("0 4 * * *");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/schedules\/\d+$/);
  const id = /schedules\/(\d+)/.exec(page.url())[1];
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".page-head .state", { hasText: "Paused" }).waitFor();
  assert.equal((await api("GET", "/sched?eschedId=" + id))[0].status, "SCHED_PAUSED");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.locator(".page-head .state", { hasText: "Active" }).waitFor();
  await page.getByRole("button", { name: "Backfill …" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("From").fill("2026-02-01T00:00");
  await dialog.getByLabel("To (not included)").fill("2026-02-04T00:00");
  await page.locator("[data-test=count]", { hasText: "3 runs would be created." }).waitFor();
  assert.equal((await api("GET", "/inst?eschedId=" + id)).length, 0, "counting created runs");
  await page.getByRole("button", { name: "Create 3 runs" }).click();
  await page.waitForURL(/runs\?schedule=/);
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 3);
  await page.visit("/schedules/" + id);
  await page.getByRole("button", { name: "Backfill …" }).click();
  await dialog.getByLabel("From").fill("2026-02-01T00:00");
  await dialog.getByLabel("To (not included)").fill("2026-02-05T00:00");
  await page.locator("[data-test=count]", { hasText: "1 run would be created. 3 due times have one already." }).waitFor();
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("link", { name: "Download" }).waitFor();
  await close(page);
});

test("a schedule says which due times have no run, and why", async () => {
  const t = await tpl("soon gone", "SELECT 1 AS one");
  const s = await api("POST", "/sched", { eschedName: "of a deleted template", etplId: t.etplId, cron: "*/5 * * * *" });
  await api("DELETE", "/tpl/" + t.etplId);
  // As if it had been there for an hour.
  await fetch(site.control + "/age?sched=" + s.eschedId, { method: "POST" });
  await until("the schedule's last due time", async () => (await api("GET", "/sched?eschedId=" + s.eschedId))[0].lastProblem);
  const page = await newPage();
  await page.visit("/schedules/" + s.eschedId);
  const missed = page.locator(".card", { hasText: "without a run" });
  await missed.locator("tbody tr").nth(8).waitFor();
  await missed.locator("tbody tr", { hasText: /deleted/ }).waitFor();
  await page.getByRole("button", { name: "Run now" }).click();
  assert.match(await page.locator(".page-head + .notice.bad").innerText(), /deleted/);
  await close(page);
});

test("deliveries with their answers, and retry", async () => {
  const t = await tpl("delivered", "SELECT 1 AS one", { etplDeliverTo: [{ destination: "archive" }, { destination: "broken" }] });
  const inst = await run(t.etplId);
  await settled(inst.einstId);
  const page = await newPage();
  await page.visit("/deliveries");
  const row = (destination) => page.locator("tbody tr", { hasText: destination }).filter({ hasText: "#" + inst.einstId });
  const broken = row("broken");
  await broken.locator(".state", { hasText: "Failed" }).waitFor();
  await row("archive").locator(".state", { hasText: "Delivered" }).waitFor();
  assert.ok((await broken.locator(".row-error").innerText()).length > 0);
  await broken.getByRole("button", { name: "Retry" }).click();
  await page.getByText("The delivery starts again").waitFor();
  await page.visit("/runs/" + inst.einstId);
  await page.locator("tbody tr", { hasText: "archive" }).waitFor();
  await close(page);
});

test("the queue shows operators and workers", async () => {
  const t = await tpl("in the queue", "SELECT n, SHA2(REPEAT(CONCAT(n, 'x'), 3000000), 512) AS d FROM numbers");
  const inst = await run(t.etplId, { operatorId: 42 });
  const page = await newPage();
  await page.visit("/queue");
  await page.locator("tbody tr", { hasText: "42" }).first().waitFor();
  await page.locator(".card", { hasText: "By worker" }).locator("tbody tr").first().waitFor();
  await api("POST", `/inst/${inst.einstId}:cancel`, {});
  await close(page);
});
