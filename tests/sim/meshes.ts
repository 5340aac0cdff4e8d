/** Small meshes to try the simulator on. */
import { Simulation, type SimulationOptions } from '../../src/sim/simulation.ts'

/** Nodes in a row, each linked to the next, after `settleMs` of virtual time. */
export async function lineOf(
  nodes: number,
  options: Partial<SimulationOptions> = {},
  settleMs = 5000,
): Promise<Simulation> {
  const simulation = new Simulation({ seed: 'line', ...options })
  simulation.addNodes(nodes)
  for (let node = 1; node < nodes; node++) simulation.connect(node - 1, node)
  await simulation.start()
  await simulation.run(settleMs)
  return simulation
}

/** `side` times `side` nodes, each linked to those beside, above and below it. Not started. */
export function gridOf(side: number, options: SimulationOptions): Simulation {
  const simulation = new Simulation(options)
  simulation.addNodes(side * side)
  for (let node = 0; node < side * side; node++) {
    if (node % side > 0) simulation.connect(node - 1, node)
    if (node >= side) simulation.connect(node - side, node)
  }
  return simulation
}

export function pairsOf(simulation: Simulation): [from: number, to: number][] {
  return simulation.nodes.flatMap(({ index: from }) =>
    simulation.nodes
      .filter(({ index }) => index !== from)
      .map(({ index: to }): [number, number] => [from, to]),
  )
}
