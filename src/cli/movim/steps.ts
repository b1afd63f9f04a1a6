/** The steps, in their order. */
import { account, registration, services } from "./finding_out.ts";
import { cleaning, comments, conditions, events, management, models, publish, reading } from "./posting.ts";
import type { Step } from "./step.ts";

export const STEPS: readonly Step[] = [
  account,
  services,
  publish,
  events,
  reading,
  conditions,
  models,
  management,
  comments,
  cleaning,
  registration,
];
