/** One request of XEP-0060, as whoever answers it sees it. */
import type { Element, Query } from "#plugin";
import type { Service } from "./service.ts";

/** One request: its service, who asks, and the element that says what. */
export interface Request {
  readonly service: Service;
  readonly query: Query;
  readonly element: Element;
}

export type Responder = (request: Request) => Element | undefined;
