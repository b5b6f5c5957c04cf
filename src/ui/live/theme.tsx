import { createContext, useContext } from "react";
import { type Glyphs, glyphsFor } from "./glyphs.ts";

export interface Theme {
  readonly glyphs: Glyphs;
  /** False where colours are not wanted (NO_COLOR) or not there. */
  readonly hasColor: boolean;
}

export type Tone = "good" | "bad" | "warning" | "busy" | "faint";

const COLORS = { good: "green", bad: "red", warning: "yellow", busy: "cyan" } as const;

export const ThemeContext = createContext<Theme>({ glyphs: glyphsFor({}), hasColor: false });

/** Props of a `Text` in a tone; none without colours. */
export function useTone(): (tone: Tone) => { readonly color?: string; readonly dimColor?: boolean } {
  const { hasColor } = useContext(ThemeContext);
  return (tone) => {
    if (!hasColor) return {};
    return tone === "faint" ? { dimColor: true } : { color: COLORS[tone] };
  };
}

export function useGlyphs(): Glyphs {
  return useContext(ThemeContext).glyphs;
}
