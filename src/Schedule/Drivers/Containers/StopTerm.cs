namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>A container that was asked to end, and by when it is to have ended.</summary>
/// <param name="Epoch">Which start of the instance.</param>
/// <param name="Boot">Which boot of the machine: its clock says nothing after another.</param>
/// <param name="KillAt">It is ended by force then; since that boot.</param>
sealed record StopTerm(int Epoch, string Boot, TimeSpan KillAt);
