// A diff of two texts.
import { brief, diff } from "../diff";
import { visible } from "../format";
import { t } from "../text";

export function Diff({ before, after }: { before: string; after: string }) {
  const lines = brief(diff(before, after));
  if (!lines.some((l) => l && l.kind !== "same")) return <p class="muted">{t("diff.same")}</p>;
  return (
    <div class="diff mono" role="group" aria-label={t("diff.label")} tabIndex={0}>
      {lines.map((l, i) =>
        l === null ? <div key={i} class="gap">⋯</div> : (
          <div key={i} class={l.kind}>
            <span class="sign" aria-hidden="true">{l.kind === "old" ? "−" : l.kind === "new" ? "+" : ""}</span>
            <span class="sr">{l.kind === "old" ? t("diff.old") : l.kind === "new" ? t("diff.new") : ""}</span>
            <span>{visible(l.text) || " "}</span>
          </div>
        ),
      )}
    </div>
  );
}
