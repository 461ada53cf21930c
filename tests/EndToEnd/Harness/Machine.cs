using System.Globalization;

namespace Mainstay.EndToEnd.Harness;

/// <summary>The machine that the tests run on.</summary>
static class Machine
{
    /// <summary>Runnable threads per core, averaged over a minute (proc(5), loadavg), above which times say more about the others than about us.</summary>
    const double MostPerCore = 3;

    /// <summary>Skips a test of times in seconds where others keep the machine busy.</summary>
    public static void ShouldBeQuiet()
    {
        var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.SkipWhen(load > MostPerCore * Environment.ProcessorCount, $"the machine is busy: a load of {load} on {Environment.ProcessorCount} cores");
    }
}
