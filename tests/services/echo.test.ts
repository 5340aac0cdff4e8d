import { echo } from '../../examples/echo.ts'
import { serviceCompliance } from '../../src/testing/service-compliance.ts'

serviceCompliance('echo', echo)
