import { hash } from 'node:crypto'

/** The name of the file of one port's ledger in one band, such as `airtime-EU868-P-dev-ttyUSB0-1a2b3c4d.ledger`. */
export function ledgerFileName(port: string, region: string, band: string): string {
  return `airtime-${region}-${band}-${portName(port)}.ledger`
}

/** A port in the name of a file: people see whose it is, and no two ports share one. */
export function portName(port: string): string {
  const readable = port.replaceAll(/[^A-Za-z0-9.]+/g, '-').replaceAll(/^-|-$/g, '')
  const unique = hash('sha256', port, 'hex').slice(0, 8)
  return `${readable.slice(-60)}-${unique}`
}
