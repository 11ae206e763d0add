// Icons, drawn on a grid of 20.
const paths = {
  templates: "M4 3.5h8l4 4v9H4zM12 3.5v4h4M7 11h6M7 14h4",
  runs: "M6 4.5v11l9-5.5z",
  schedules: "M3.5 5h13v11.5h-13zM3.5 8.5h13M7 3v3.5M13 3v3.5M7 12h2M11 12h2",
  deliveries: "M3 10.5 17 4l-4 13-3.5-5.5zM9.5 11.5 17 4",
  queue: "M4 5h12M4 10h12M4 15h7",
  plus: "M10 4v12M4 10h12",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4zM13 13l4 4",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4 10.5 8.5 15 16 5.5",
  warn: "M10 3.5 17.5 16.5h-15zM10 8v4M10 14.2v.3",
  up: "M5 12.5 10 7.5l5 5",
  down: "M5 7.5l5 5 5-5",
  back: "M12.5 5l-5 5 5 5",
  grip: "M7.5 5h.01M12.5 5h.01M7.5 10h.01M12.5 10h.01M7.5 15h.01M12.5 15h.01",
  copy: "M7 7h9v9H7zM4 13V4h9",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  edit: "M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2z",
  download: "M10 3.5v9M6 9l4 4 4-4M4 16.5h12",
  retry: "M15.5 7A6 6 0 1 0 16 11M16 3.5V7h-3.5",
  pause: "M7 5v10M13 5v10",
  stop: "M5.5 5.5h9v9h-9z",
  eye: "M2.5 10S5 5 10 5s7.5 5 7.5 5-2.5 5-7.5 5-7.5-5-7.5-5zM10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  history: "M4 6v3h3M4.3 9A6 6 0 1 1 4.5 12M10 7v3.2l2.2 1.5",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  moon: "M15.5 12A6.5 6.5 0 0 1 8 4.5a6 6 0 1 0 7.500 7.500z",
  out: "M8 4H4v12h4M8 10h9M13.500 6.500 17 10l-3.500 3.500",
};
export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width={name === "grip" ? 2.4 : 1.6} stroke-linecap="round" stroke-linejoin="round">
      <path d={paths[name]} />
    </svg>
  );
}
