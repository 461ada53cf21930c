namespace Mainstay.Observe.Correlate;

/// <summary>
/// Every bound that decides what counts as trouble and what as its cause, in one place. They are chosen so that a fault is seen within 30 s of its onset
/// (two steps of 5 s beyond the first that it touches) and ordinary noise is not.
/// </summary>
public static class Thresholds
{
    /// <summary>Figures are taken every so many seconds.</summary>
    public const int StepSeconds = 5;

    /// <summary>So many steps are kept: an hour.</summary>
    public const int StepsKept = 720;

    /// <summary>The newest steps say nothing about what is usual: a fault that begins now must not.</summary>
    public const int GuardSteps = 8;

    /// <summary>So many steps after trouble was last felt things still recover: they say nothing about what is usual.</summary>
    public const int RecoverySteps = 4;

    /// <summary>The first steps of a series say nothing about what is usual: programs warm up for a minute.</summary>
    public const int WarmSteps = 12;

    /// <summary>Fewer steps than this are no baseline: nothing is judged in the first 70 s.</summary>
    public const int LeastBaseline = 6;

    /// <summary>Trouble has to last for so many steps.</summary>
    public const int SymptomSteps = 2;

    /// <summary>Trouble that nothing explains is an incident once it has lasted for so many.</summary>
    public const int UnexplainedSteps = 4;

    /// <summary>Trouble is over after so many steps without it: 30 s.</summary>
    public const int CalmSteps = 6;

    /// <summary>Below so many requests per second latencies and errors are not judged.</summary>
    public const double LeastRate = 0.5;

    /// <summary>A figure deviates from so many robust standard deviations on.</summary>
    public const double Deviates = 5;

    /// <summary>The mean is trouble from this multiple of its usual value on, and this many milliseconds.</summary>
    public const double SlowRatio = 1.6;

    public const double SlowMs = 8;

    /// <summary>The 99th percentile is trouble from this multiple of its usual value on, and this many milliseconds.</summary>
    public const double SlowTailRatio = 2.2;

    public const double SlowTailMs = 30;

    /// <summary>The 99th percentile is judged where the ten seconds behind it hold at least so many requests.</summary>
    public const double LeastForTail = 50;

    /// <summary>Errors are trouble from this ratio above the usual one on.</summary>
    public const double ErrorRatio = 0.05;

    /// <summary>And from so many errors per second on.</summary>
    public const double ErrorsPerSecond = 0.3;

    /// <summary>A queue that holds at least so many messages, this many times as many as usual, is trouble.</summary>
    public const double Backlog = 50;

    public const double BacklogRatio = 3;

    /// <summary>A part of the added time smaller than this is not followed.</summary>
    public const double LeastShare = 0.25;

    /// <summary>Where the part of a caller's added time that a callee explains is this much, the callee is slower, however much it varies otherwise.</summary>
    public const double MostOfIt = 0.5;

    /// <summary>The longest path that is walked.</summary>
    public const int MostDepth = 12;

    /// <summary>A change counts as a cause where the trouble began at most so long after it.</summary>
    public static readonly TimeSpan ChangeBefore = TimeSpan.FromMinutes(10);

    /// <summary>Instances that begin to serve so soon after the first one of their service are its first start, which changes nothing that was there.</summary>
    public static readonly TimeSpan FirstStart = TimeSpan.FromMinutes(1);

    /// <summary>Within this long a change is suspected in full; then less and less.</summary>
    public static readonly TimeSpan ChangeAtOnce = TimeSpan.FromSeconds(90);

    /// <summary>Steps of figures lag behind changes, and the onset may be seen a little before the store tells of the change.</summary>
    public static readonly TimeSpan ChangeAfter = TimeSpan.FromSeconds(15);

    /// <summary>A host is short of CPU from this share on, where it was at least <see cref="CpuRise"/> less before.</summary>
    public const double CpuBusy = 0.85;

    public const double CpuRise = 0.15;

    /// <summary>Or where one instance suddenly takes so large a part of all its processors.</summary>
    public const double Burns = 0.25;

    /// <summary>Where a host is busy, and the threads of a service wait for its processors so many seconds a second more than usual, and that is this part of the time that its requests take longer.</summary>
    public const double CpuWaits = 0.1;

    public const double CpuWaitsShare = 0.3;

    /// <summary>An instance that is slow because it burns the processors itself counts by this much as one bad instance.</summary>
    public const double BurnsItself = 0.6;

    /// <summary>It burns them alone where none of its peers takes this part of what it takes more, nor would for the requests that it is asked.</summary>
    public const double BurnsAlone = 0.25;

    /// <summary>Share of CPU time that the machine below, or a limit, takes away.</summary>
    public const double Taken = 0.10;

    /// <summary>What a store shows counts by this much where its caller stands still for collections, or it or its caller waits for processors.</summary>
    public const double CallerStandsStill = 0.5;

    /// <summary>Share of time in which a .NET runtime stands still for collections.</summary>
    public const double GcPaused = 0.05;

    /// <summary>Work items that wait for a thread of the pool.</summary>
    public const double PoolQueue = 10;

    /// <summary>Locks per second that had to be waited for.</summary>
    public const double Contentions = 50;

    /// <summary>Share of time in which a disk was busy, and of CPU time spent waiting for disks.</summary>
    public const double DiskBusy = 0.9;

    public const double IoWait = 0.25;

    /// <summary>Share of time in which something waited for memory.</summary>
    public const double MemoryPressure = 0.1;

    /// <summary>Errors and dropped packets per second.</summary>
    public const double NetworkErrors = 1;

    /// <summary>Share of a server's connections that are taken.</summary>
    public const double ConnectionShare = 0.9;

    /// <summary>An instance is slow beside its peers from this multiple of their median on, and fails from this many more errors on.</summary>
    public const double InstanceRatio = 2.5;

    public const double InstanceErrors = 0.15;

    /// <summary>That one instance is slower than its peers is trouble in itself after so many steps in which it was asked and from so many milliseconds on: a balancer that spares it hides it from the mean.</summary>
    public const int OutlierSteps = 4;

    public const double OutlierMs = 20;

    /// <summary>So many of its requests have to say so: what happened once to a few at a time is over when it is asked again.</summary>
    public const double LeastOfOutlier = 2.5;

    /// <summary>They are looked for in so many steps, two minutes, and the newest of them is at most so many old.</summary>
    public const int OutlierWithin = 24;

    public const int OutlierFresh = 12;

    /// <summary>Traffic surges from this multiple of its usual rate on.</summary>
    public const double Surge = 1.8;

    /// <summary>Nothing below this confidence is called a cause.</summary>
    public const double LeastConfidence = 0.3;

    /// <summary>From this confidence on a cause elsewhere is an incident of its own, where what was felt of the last one has gone.</summary>
    public const double SureOfAnother = 0.6;

    /// <summary>So many causes are told.</summary>
    public const int MostCauses = 3;

    /// <summary>A need without a call is unused after so long, while its caller answered at least <see cref="UnusedRequests"/> requests.</summary>
    public static readonly TimeSpan UnusedAfter = TimeSpan.FromMinutes(10);

    public const double UnusedRequests = 100;
}
