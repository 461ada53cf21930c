using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Have the instance's process run and be checked. An epoch that was started or stopped before is not started again. The driver answers with a
/// <see cref="Proc"/> of the epoch.
/// </summary>
public sealed record StartProcess(string Id, int Epoch, Instance Instance) : Act(Id);

/// <summary>
/// End the process of this epoch: ask it, and after the grace end it by force. The driver answers with a <see cref="Proc"/> of the epoch that
/// has ended; an epoch that was not started yet never will be, and is answered the same way.
/// </summary>
public sealed record StopProcess(string Id, int Epoch, TimeSpan Grace) : Act(Id);

/// <summary>Drop everything that is kept of an instance whose process has ended.</summary>
public sealed record ForgetProcess(string Id) : Act(Id);

/// <summary>Build, unless this attempt or a later one was begun before. The driver answers with a <see cref="BuildRun"/> of the attempt.</summary>
public sealed record RunBuild(string Id, Build Build) : Act(Id);

/// <summary>End a build that nobody wants any more.</summary>
public sealed record CancelBuild(string Id) : Act(Id);
