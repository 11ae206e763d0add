// Sign-in: the page in front of the console, or a dialog above a page whose session
// has expired.
import { useEffect, useState } from "preact/hooks";
import { visible } from "../format";
import { base, here } from "../router";
import { loadSession, signInWith, useSession } from "../session";
import { t } from "../text";
import { Button, Dialog, ErrorBox, Input, Notice } from "../ui/ui";

export function SignIn({ again, error }: { again?: boolean; error: string }) {
  const s = useSession();
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const submit = async (e?: Event) => {
    e?.preventDefault();
    if (!token.trim()) return;
    setBusy(true);
    setFailed(undefined);
    try {
      await signInWith(token);
      setToken("");
    } catch (err) {
      setFailed(err);
    }
    setBusy(false);
  };
  // Somebody who signs in elsewhere, such as in the tab of single sign-on, comes back.
  useEffect(() => {
    if (!again) return;
    const look = () => void loadSession().catch(() => {});
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, [again]);
  const form = (
    <form onSubmit={submit} class="stack">
      {error && <Notice tone="bad"><p class="break">{visible(error)}</p></Notice>}
      {s.signIn.includes("token") && <Input type="password" label={t("signIn.token")} hint={t("signIn.tokenHint")} value={token} onInput={setToken} autoFocus wide autocomplete="current-password" />}
      <ErrorBox error={failed} title={failed ? t("signIn.refused") : undefined} />
      {s.signIn.includes("token") && !again && <Button type="submit" kind="primary" busy={busy}>{t("signIn")}</Button>}
      {s.signIn.includes("oidc") && !again && <a class="btn plain" href={`${base}/oidc/start?return=${encodeURIComponent(base + here())}`}>{s.oidcLabel || t("signIn.oidc")}</a>}
    </form>
  );
  if (again) {
    return (
      <Dialog title={t("signIn.again")} actions={
        <>
          {s.signIn.includes("oidc") && <a class="btn plain" target="_blank" rel="noopener" href={`${base}/oidc/start?return=${encodeURIComponent(base + "/")}`}>{s.oidcLabel || t("signIn.oidc")}</a>}
          {s.signIn.includes("token") && <Button kind="primary" busy={busy} onClick={() => void submit()}>{t("signIn")}</Button>}
        </>
      }>
        <p class="muted">{t("signIn.againText")}</p>
        {form}
      </Dialog>
    );
  }
  return (
    <main class="alone" id="main">
      <div class="signin card">
        <h1>{t("signIn.title")}</h1>
        <p class="muted">{t("signIn.text")}</p>
        {form}
      </div>
    </main>
  );
}
