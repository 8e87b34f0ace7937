from conformance.golden import write

write()
