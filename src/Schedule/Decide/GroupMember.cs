using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>A service that is released together with another.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Release">Its release that is under way, or the last one; null before the first.</param>
/// <param name="IsTurnedBack">Whether what is declared of it was given up.</param>
public sealed record GroupMember(string Name, ReleaseStatus? Release, bool IsTurnedBack);
