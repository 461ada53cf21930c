// Each test measures or kills whole processes: one at a time, so that they do not take the machine from each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
