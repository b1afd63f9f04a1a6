/** What makes a host one of an external component (XEP-0114): connections to its domain are its plugin's. */
import { defineService } from "../hook/token.ts";
import type { ComponentHome } from "../session/component_home.ts";

/** Provided on hosts that components connect to; the server looks for it when a component names the domain. */
export const componentHome = defineService<ComponentHome>("componentHome");
