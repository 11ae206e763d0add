// The frame around the pages: navigation, sign-in, the state of the connection.
import "./style.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Deliveries } from "./pages/deliveries";
import { InstPage } from "./pages/inst";
import { QueuePage } from "./pages/queue";
import { RunPage } from "./pages/run";
import { Runs } from "./pages/runs";
import { SchedPage } from "./pages/sched";
import { Scheds } from "./pages/scheds";
import { SignIn } from "./pages/signin";
import { TplPage } from "./pages/tpl";
import { Tpls } from "./pages/tpls";
import { Versions } from "./pages/versions";
import { base, follow, go, useLocation } from "./router";
import { loadSession, signOut, useSession } from "./session";
import { chooseLanguage, chooseTheme, initDisplay, lang, t, useLanguage } from "./text";
import { Icon, type IconName } from "./ui/icon";
import { Button, Empty, ErrorBox, Link, Text, Toasts } from "./ui/ui";
import { useLost } from "./use";

type Page = { section: string; body: preact.ComponentChild };

function pageOf(path: string, search: URLSearchParams): Page {
  const [section = "", id = "", action = ""] = path.split("/").filter(Boolean);
  const number = /^\d+$/.test(id);
  if (section === "" || (section === "templates" && !id)) return { section: "templates", body: <Tpls /> };
  if (section === "templates" && id === "new") return { section, body: <TplPage key={"new" + search.get("copy")} copyOf={Number(search.get("copy")) || 0} /> };
  if (section === "templates" && number && action === "run") return { section, body: <RunPage key={id} id={Number(id)} from={search.get("from") ?? ""} /> };
  if (section === "templates" && number && action === "versions") return { section, body: <Versions key={id} id={Number(id)} /> };
  if (section === "templates" && number && !action) return { section, body: <TplPage key={id} id={Number(id)} /> };
  if (section === "runs" && !id) return { section, body: <Runs /> };
  if (section === "runs" && number) return { section, body: <InstPage key={id} id={id} /> };
  if (section === "schedules" && !id) return { section, body: <Scheds /> };
  if (section === "schedules" && id === "new") return { section, body: <SchedPage key="new" tpl={Number(search.get("template")) || 0} /> };
  if (section === "schedules" && number) return { section, body: <SchedPage key={id} id={id} /> };
  if (section === "deliveries" && !id) return { section, body: <Deliveries /> };
  if (section === "queue" && !id) return { section, body: <QueuePage /> };
  return { section: "", body: <Empty icon="search" title={t("notFound.title")} action={<Link to="/templates" kind="primary">{t("nav.templates")}</Link>}>{t("notFound.text")}</Empty> };
}

const sections: [string, IconName][] = [["templates", "templates"], ["runs", "runs"], ["schedules", "schedules"], ["deliveries", "deliveries"], ["queue", "queue"]];

function App() {
  useLanguage();
  const s = useSession();
  const lost = useLost();
  const { path, search } = useLocation();
  const [state, setState] = useState<"loading" | "ready" | { error: unknown }>("loading");
  const load = () => loadSession().then(() => setState("ready"), (error) => setState({ error }));
  useEffect(() => void load(), []);
  useEffect(() => {
    if (!lost && typeof state === "object") void load();
  }, [lost]);
  const page = pageOf(path, search);
  useEffect(() => {
    document.title = (page.section ? t(("nav." + page.section) as "nav.runs") + " · " : "") + "exportd";
  }, [page.section, lang()]);
  // A new page is read from its heading.
  useEffect(() => {
    if (state === "ready") document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [path]);

  if (state === "loading") return <div class="splash" aria-busy="true" />;
  if (typeof state === "object") return <main class="alone"><ErrorBox error={state.error} retry={() => { setState("loading"); void load(); }} /></main>;
  const signInError = search.get("signInError");
  if (!s.signedIn) return <SignIn error={signInError ?? ""} />;
  return (
    <div class="frame" onClick={follow}>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{t("skip")}</a>
      <aside class="side">
        <a class="brand" href={base + "/templates"}><Logo />exportd</a>
        <nav aria-label={t("nav.label")}>
          {sections.map(([name, icon]) => (
            <a key={name} href={`${base}/${name}`} aria-current={page.section === name ? "page" : undefined}>
              <Icon name={icon} size={18} />
              <span>{t(("nav." + name) as "nav.runs")}</span>
            </a>
          ))}
        </nav>
        <Foot />
      </aside>
      <div class="column">
        {lost && (
          <div class="lost" role="alert">
            <span class="spin" aria-hidden="true" />
            <div><strong>{t("lost.title")}</strong> {t("lost.text")}</div>
          </div>
        )}
        <main id="main" tabIndex={-1}>{page.body}</main>
      </div>
      {s.expired && <SignIn again error="" />}
      <Toasts />
    </div>
  );
}

const Logo = () => (
  <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="#17695a" />
    <path d="M9 9.5h9M9 16h7M9 22.5h9" stroke="#fff" stroke-width="2.6" stroke-linecap="round" />
    <path d="M19 12l4.5 4-4.5 4" fill="none" stroke="#9fe0cc" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);

function Foot() {
  const s = useSession();
  const [dark, setDark] = useState(document.documentElement.dataset.theme === "dark");
  return (
    <div class="foot">
      {s.signIn.length > 0 && (
        <div class="who">
          <div class="who-name"><Text>{s.name}</Text></div>
          <div class="muted small">{t("who.operator", { n: String(s.operatorId) })}</div>
        </div>
      )}
      <div class="foot-row">
        <Button small kind="quiet" label={lang() === "zh" ? "Switch to English" : "切换到中文"} onClick={() => chooseLanguage(lang() === "zh" ? "en" : "zh")}>
          {lang() === "zh" ? "English" : "中文"}
        </Button>
        <Button small kind="quiet" icon={dark ? "sun" : "moon"} label={dark ? t("theme.light") : t("theme.dark")} onClick={() => { chooseTheme(dark ? "light" : "dark"); setDark(!dark); }} />
        {s.signIn.length > 0 && <Button small kind="quiet" icon="out" label={t("signOut")} onClick={() => signOut().then(() => go("/", true), () => {})} />}
      </div>
      {s.version && <div class="muted small version" title={s.version}>{s.version}</div>}
    </div>
  );
}

initDisplay();
render(<App />, document.getElementById("app")!);
