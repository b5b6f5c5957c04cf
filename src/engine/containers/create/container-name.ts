import { randomInt } from "node:crypto";

const QUALITIES = [
  ..."able amber brave bright brisk calm candid clear clever cosy crisp daring deft eager early fair fleet fresh".split(" "),
  ..."gentle glad golden happy hardy honest humble jolly keen kind lively loyal lucid mellow merry mild neat noble".split(" "),
  ..."patient plain polite proud quick quiet rapid ready robust rosy sharp silent silver smart solid steady sunny".split(" "),
  ..."swift tidy tranquil upright vivid warm wise witty young zealous".split(" "),
];
const TREES = [
  ..."acacia alder apple ash aspen bamboo baobab beech birch cedar cherry chestnut cypress date elder elm fig fir".split(" "),
  ..."ginkgo hawthorn hazel hemlock hickory holly juniper larch laurel lemon lilac linden magnolia mango maple medlar".split(" "),
  ..."mulberry myrtle oak olive orange palm pear pecan pine plane plum poplar quince rowan sequoia spruce sycamore".split(" "),
  ..."tamarind teak walnut willow yew".split(" "),
];

/** A name for a container that got none, such as `calm_juniper`; with a number after it once names run short. */
export function randomContainerName(attempt: number): string {
  const name = `${QUALITIES[randomInt(QUALITIES.length)]}_${TREES[randomInt(TREES.length)]}`;
  return attempt < 3 ? name : `${name}${randomInt(10 ** Math.min(attempt, 6))}`;
}
