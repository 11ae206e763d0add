// The next due times on a calendar, in the time zone of the schedule.
import { ago, inZone } from "../format";
import { locale, t } from "../text";

export function Calendar({ due, zone }: { due: string[]; zone: string }) {
  const times = due.map((at) => ({ at, ...inZone(at, zone) }));
  const days = new Map<string, string[]>();
  for (const x of times) days.set(x.date, [...(days.get(x.date) ?? []), x.time]);
  // At most three months are drawn; the list below has all the times.
  const months = [...new Set(times.map((x) => x.date.slice(0, 7)))].slice(0, 3);
  const today = inZone(new Date(), zone).date;
  return (
    <>
      {months.map((m) => <Month key={m} year={Number(m.slice(0, 4))} month={Number(m.slice(5))} days={days} today={today} />)}
      <ol class="due-list">
        {times.map((x) => (
          <li key={x.at}><time dateTime={x.at}>{new Intl.DateTimeFormat(locale(), { timeZone: "UTC", weekday: "short" }).format(Date.UTC(x.year, x.month - 1, x.day))} {x.date} <strong>{x.time}</strong></time><span class="muted">{ago(x.at)}</span></li>
        ))}
      </ol>
    </>
  );
}

function Month({ year, month, days, today }: { year: number; month: number; days: Map<string, string[]>; today: string }) {
  const first = new Date(Date.UTC(year, month - 1, 1));
  const blank = (first.getUTCDay() + 6) % 7; // weeks begin on Monday
  const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const cells = [...Array.from({ length: blank }, () => 0), ...Array.from({ length: count }, (_, i) => i + 1)];
  while (cells.length % 7) cells.push(0);
  const weeks = Array.from({ length: cells.length / 7 }, (_, i) => cells.slice(i * 7, i * 7 + 7));
  const name = new Intl.DateTimeFormat(locale(), { timeZone: "UTC", month: "long", year: "numeric" }).format(first);
  const weekday = (i: number) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", weekday: "narrow" }).format(Date.UTC(2026, 0, 5 + i));
  const long = (i: number) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", weekday: "long" }).format(Date.UTC(2026, 0, 5 + i));
  return (
    <table class="month">
      <caption>{name}</caption>
      <thead><tr>{Array.from({ length: 7 }, (_, i) => <th key={i} scope="col" abbr={long(i)}>{weekday(i)}</th>)}</tr></thead>
      <tbody>
        {weeks.map((w, i) => (
          <tr key={i}>
            {w.map((d, j) => {
              const date = `${year}-${String(month).padStart(2, "0")}-${String(d).padStart(2, "0")}`;
              const at = d ? days.get(date) : undefined;
              return <td key={j} class={(at ? "due" : "") + (date === today ? " today" : "")} title={at?.join(", ")}>{d || ""}{at && <span class="sr"> {t("sched.dueAt", { times: at.join(", ") })}</span>}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
