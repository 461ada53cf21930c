using System.Runtime.InteropServices;
using Mainstay.Host.Cli;
using Mainstay.Host.Roles;

// Roles start before anything of the command line is loaded: a gateway that was killed is back in a fraction of a second.
if (args is [var role, .. var rest] && Role.IsRole(role) && !(rest is [var word, ..] && !word.StartsWith('-')) && !rest.Any(a => a is "--help" or "-h" or "-?"))
{
    return await Role.RunAsync(role, rest);
}

using var interrupted = new CancellationTokenSource();
void Interrupt(PosixSignalContext signal)
{
    // The first asks to end; a second one, while that takes its time, ends at once.
    signal.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
if (args is [Detached.Verb, .. var supervisorArgs])
{
    return await Detached.SuperviseAsync(supervisorArgs, interrupted.Token);
}

return await CommandLine.RunAsync(args, UpDown.Wire(CliEnvironment.OfProcess()), interrupted.Token);
