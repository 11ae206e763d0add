// The parts that pages are made of.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ApiError } from "../api";
import { visible } from "../format";
import { base } from "../router";
import { t, word } from "../text";
import { Icon, type IconName } from "./icon";

type Children = { children?: ComponentChildren };

interface ButtonProps extends Children {
  onClick?: (e: MouseEvent) => void;
  kind?: "primary" | "plain" | "danger" | "quiet";
  icon?: IconName;
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  label?: string; // for a button with an icon alone
  small?: boolean;
  id?: string;
  pressed?: boolean;
}
export function Button({ kind = "plain", icon, busy, disabled, type = "button", label, small, children, onClick, id, pressed }: ButtonProps) {
  return (
    <button id={id} type={type} class={`btn ${kind}${small ? " small" : ""}${children ? "" : " square"}`} disabled={disabled || busy} aria-busy={busy || undefined} aria-label={label && visible(label)} title={label && visible(label)} aria-pressed={pressed} onClick={onClick}>
      {busy ? <span class="spin" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

export function Link({ to, kind, icon, children, small, label, current, onClick }: { to: string; kind?: "primary" | "plain" | "quiet"; icon?: IconName; small?: boolean; label?: string; current?: boolean; onClick?: () => void } & Children) {
  return (
    <a href={base + to} class={kind ? `btn ${kind}${small ? " small" : ""}${children ? "" : " square"}` : undefined} aria-label={label && visible(label)} title={label && visible(label)} aria-current={current ? "page" : undefined} onClick={onClick}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}

export function Field({ label, hint, error, children, wide }: { label: string; hint?: ComponentChildren; error?: string; wide?: boolean; children: (a: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean }) => ComponentChildren }) {
  const id = useId();
  const described = error || hint ? id + "-d" : undefined;
  return (
    <div class={"field" + (wide ? " wide" : "")}>
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described, "aria-invalid": error ? true : undefined })}
      {(error || hint) && (
        <p id={described} class={error ? "hint bad" : "hint"}>
          {error ? visible(error) : hint}
        </p>
      )}
    </div>
  );
}

interface InputProps {
  value: string;
  onInput: (v: string) => void;
  label: string;
  hint?: ComponentChildren;
  error?: string;
  type?: "text" | "password" | "number" | "datetime-local" | "date";
  placeholder?: string;
  required?: boolean;
  wide?: boolean;
  mono?: boolean;
  list?: string[];
  min?: string;
  autoFocus?: boolean;
  step?: string;
  autocomplete?: string;
}
export function Input(p: InputProps) {
  const listId = useId();
  return (
    <Field label={p.label} hint={p.hint} error={p.error} wide={p.wide}>
      {(a) => (
        <>
          <input {...a} class={p.mono ? "mono" : undefined} type={(p.type ?? "text") as "text"} value={p.value} placeholder={p.placeholder} required={p.required} min={p.min} step={p.step} list={p.list ? listId : undefined} autofocus={p.autoFocus} autocomplete={p.autocomplete ?? "off"} spellcheck={false} onInput={(e) => p.onInput(e.currentTarget.value)} />
          {p.list && (
            <datalist id={listId}>
              {p.list.map((v) => (
                <option key={v} value={v} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export function Select({ label, value, options, onChange, hint, error, wide }: { label: string; value: string; options: [string, string][]; onChange: (v: string) => void; hint?: string; error?: string; wide?: boolean }) {
  return (
    <Field label={label} hint={hint} error={error} wide={wide}>
      {(a) => (
        <select {...a} value={value} onChange={(e) => onChange(e.currentTarget.value)}>
          {options.map(([v, text]) => (
            <option key={v} value={v} selected={v === value}>
              {visible(text)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, checked, onChange, hint }: { label: string; checked: boolean; onChange: (v: boolean) => void; hint?: string }) {
  const id = useId();
  return (
    <div class="check">
      <input type="checkbox" id={id} checked={checked} aria-describedby={hint ? id + "-d" : undefined} onChange={(e) => onChange(e.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={id + "-d"}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function Header({ title, children, back, sub }: { title: ComponentChildren; back?: [string, string]; sub?: ComponentChildren } & Children) {
  return (
    <header class="page-head">
      {back && (
        <a class="back" href={base + back[0]}>
          <Icon name="back" size={14} />
          {visible(back[1])}
        </a>
      )}
      <div class="page-title">
        <h1 tabIndex={-1}>{title}</h1>
        <div class="actions">{children}</div>
      </div>
      {sub && <div class="sub">{sub}</div>}
    </header>
  );
}

export function Card({ title, children, actions, pad = true }: { title?: ComponentChildren; actions?: ComponentChildren; pad?: boolean } & Children) {
  return (
    <section class="card">
      {(title || actions) && (
        <div class="card-head">
          {title && <h2>{title}</h2>}
          <div class="actions">{actions}</div>
        </div>
      )}
      <div class={pad ? "card-body" : "card-flush"}>{children}</div>
    </section>
  );
}

export function Empty({ icon, title, children, action }: { icon: IconName; title: string; action?: ComponentChildren } & Children) {
  return (
    <div class="empty">
      <div class="empty-icon">
        <Icon name={icon} size={28} />
      </div>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

const tones: Record<string, string> = {
  STATE_QUEUED: "wait", STATE_RETRY_WAIT: "warn", STATE_RUNNING: "run", STATE_CANCELING: "warn", STATE_SUCCEEDED: "ok", STATE_EXPIRED: "off", STATE_FAILED: "bad", STATE_CANCELED: "off", STATE_TIMED_OUT: "bad",
  DELIVERY_WAITING: "wait", DELIVERY_RUNNING: "run", DELIVERY_RETRY_WAIT: "warn", DELIVERY_DONE: "ok", DELIVERY_FAILED: "bad",
  SCHED_ACTIVE: "ok", SCHED_PAUSED: "warn", SCHED_ENDED: "off", SCHED_DELETED: "off",
};
export function State({ value }: { value: string }) {
  return <span class={"state " + (tones[value] ?? "off")}>{word("state", value)}</span>;
}

// errorText says what went wrong and, where the message alone does not, what to do.
export function errorText(err: unknown): string {
  if (err instanceof ApiError) {
    if (err.code === "offline") return t("error.offline");
    if (err.status === 403) return t("error.forbidden") + (err.message ? " " + err.message : "");
    if (err.status === 401) return t("error.signedOut");
    return err.message || t("error.http", { status: err.status });
  }
  return err instanceof Error ? err.message : String(err);
}

export function ErrorBox({ error, title, retry, children }: { error: unknown; title?: string; retry?: () => void } & Children) {
  if (!error) return null;
  return (
    <div class="notice bad" role="alert">
      <Icon name="warn" />
      <div>
        {title && <strong>{title}</strong>}
        <p class="break">{visible(errorText(error))}</p>
        {children}
      </div>
      {retry && (
        <Button small icon="retry" onClick={retry}>
          {t("action.again")}
        </Button>
      )}
    </div>
  );
}

export function Notice({ tone = "info", children, action }: { tone?: "info" | "warn" | "ok" | "bad"; action?: ComponentChildren } & Children) {
  return (
    <div class={"notice " + tone} role="status">
      <Icon name={tone === "ok" ? "check" : tone === "info" ? "history" : "warn"} />
      <div>{children}</div>
      {action}
    </div>
  );
}

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div class="skeleton" aria-busy="true" aria-label={t("loading")} role="status">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}

export function Dialog({ title, children, onClose, actions, wide }: { title: string; onClose?: () => void; actions: ComponentChildren; wide?: boolean } & Children) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const d = ref.current!;
    const before = document.activeElement as HTMLElement | null;
    d.showModal();
    d.querySelector<HTMLElement>("input, select, textarea, .actions button")?.focus();
    return () => {
      d.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : undefined} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose?.(); }}>
      <h2 id={id}>{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="actions end">{actions}</div>
    </dialog>
  );
}

export function Confirm({ title, children, yes, onYes, onClose, danger }: { title: string; yes: string; onYes: () => Promise<void> | void; onClose: () => void; danger?: boolean } & Children) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return (
    <Dialog title={title} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{t("action.back")}</Button>
        <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={async () => {
          setBusy(true);
          setError(undefined);
          try {
            await onYes();
            onClose();
          } catch (err) {
            setError(err);
          }
          setBusy(false);
        }}>{yes}</Button>
      </>
    }>
      {children}
      <ErrorBox error={error} />
    </Dialog>
  );
}

// Toasts say that something was done.
let showToast: (text: string) => void = () => {};
export const toast = (text: string) => showToast(text);
export function Toasts() {
  const [list, set] = useState<{ id: number; text: string }[]>([]);
  useEffect(() => {
    let id = 0;
    showToast = (text) => {
      const mine = ++id;
      set((l) => [...l.slice(-2), { id: mine, text }]);
      setTimeout(() => set((l) => l.filter((x) => x.id !== mine)), 5000);
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {list.map((x) => (
        <div key={x.id} class="toast"><Icon name="check" />{visible(x.text)}</div>
      ))}
    </div>
  );
}

export function Tabs<T extends string>({ tabs, value, onChange, label }: { tabs: [T, string][]; value: T; onChange: (v: T) => void; label: string }) {
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={(e) => {
      const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
      if (!step) return;
      const i = tabs.findIndex(([v]) => v === value);
      const next = tabs[(i + step + tabs.length) % tabs.length]![0];
      onChange(next);
      (e.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
    }}>
      {tabs.map(([v, text]) => (
        <button key={v} type="button" role="tab" data-tab={v} id={"tab-" + v} aria-selected={v === value} tabIndex={v === value ? 0 : -1} onClick={() => onChange(v)}>{text}</button>
      ))}
    </div>
  );
}

// Text shows a value as text, with the characters that reorder others visible.
export const Text = ({ children }: { children: string | undefined }) => <bdi>{visible(children)}</bdi>;

export function CopyButton({ text, label }: { text: string; label: string }) {
  return <Button small kind="quiet" icon="copy" label={label} onClick={async () => {
    await navigator.clipboard?.writeText(text).then(() => toast(t("copied")), () => {});
  }} />;
}

export function More({ token, onMore, busy }: { token?: string; onMore: () => void; busy?: boolean }) {
  if (!token) return null;
  return (
    <div class="more">
      <Button onClick={onMore} busy={busy}>{t("action.more")}</Button>
    </div>
  );
}
