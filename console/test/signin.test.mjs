// Sign-in, scopes, and sessions that end.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, close, newPage, run, settled, site, start, stop, tpl, typeSql } from "./lib.mjs";

const clerk = { origin: site.closed, token: site.tokens.clerk };
let mine;
let boss;

before(async () => {
  await start();
  mine = await tpl("clerk's orders", "SELECT order_no FROM orders", {}, clerk);
  await settled((await run(mine.etplId, {}, clerk)).einstId, clerk);
  boss = await tpl("boss's orders", "SELECT amount FROM orders", {}, { origin: site.closed, token: site.tokens.boss });
});
after(stop);

async function signIn(page, token) {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("sign-in and sign-out", async () => {
  const page = await newPage({ origin: site.closed });
  await page.visit("/templates/" + mine.etplId);
  await signIn(page, "exportd_wrong");
  await page.getByText("The sign-in was refused.").waitFor();
  await signIn(page, site.tokens.clerk);
  await page.getByRole("heading", { name: "clerk's orders" }).waitFor();
  const cookies = await page.context().cookies();
  assert.ok(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === "Strict", JSON.stringify(cookies));
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!stored.includes(site.tokens.clerk.slice(8)), "the token is stored in the browser");
  await page.visit("/templates");
  await page.getByText("clerk's orders").waitFor();
  assert.equal(await page.getByText("boss's orders").count(), 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  assert.equal(await page.evaluate(async () => (await fetch("/v1/tpl")).status), 401);
  await close(page);
});

test("a token without the scope sees no button and gets no data", async () => {
  const page = await newPage({ origin: site.closed });
  await page.visit("/templates");
  await signIn(page, site.tokens.reader);
  await page.getByText("clerk's orders").waitFor();
  for (const name of ["New template", "Run clerk's orders", "Copy clerk's orders"]) assert.equal(await page.getByRole("link", { name }).count(), 0, name);
  assert.equal(await page.getByRole("button", { name: /Delete/ }).count(), 0);
  await page.visit("/templates/" + mine.etplId);
  await page.getByRole("heading", { name: "clerk's orders" }).waitFor();
  for (const name of ["Save", "Saved"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0, name);
  assert.equal(await page.getByRole("link", { name: "Run", exact: true }).count(), 0);
  await page.visit(`/templates/${mine.etplId}/run`);
  await page.getByText("Your token does not permit running exports").waitFor();
  assert.equal(await page.evaluate(async (id) => (await fetch("/v1/inst", { method: "POST", headers: { "Content-Type": "application/json", "X-Requested-With": "exportd-console" }, body: JSON.stringify({ etplId: id }) })).status, mine.etplId), 403);
  // The data of another operator is as if it were not there.
  await page.visit("/templates/" + boss.etplId);
  await page.getByText(/belongs to another operator|no such template/).first().waitFor();
  await close(page);
});

test("an expired session keeps what was typed and repeats what was asked for", async () => {
  const page = await newPage({ origin: site.closed });
  await page.visit("/templates/new");
  await signIn(page, site.tokens.clerk);
  await page.getByLabel("Name", { exact: true }).fill("typed before the session ended");
  await typeSql(page, "SELECT 2 AS two");
  await page.locator(".check-line.ok").waitFor();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Your session has expired" });
  await dialog.waitFor();
  await dialog.getByLabel("Token").fill(site.tokens.clerk);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/templates\/\d+$/);
  const stored = await api("GET", "/tpl?etplName=typed+before", undefined, clerk);
  assert.equal(stored.length, 1);
  assert.equal(stored[0].etplExpr, "SELECT 2 AS two");
  await close(page);
});
