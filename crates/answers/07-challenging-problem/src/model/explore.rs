//! Every schedule, counted; and the shortest one that goes wrong.

use std::collections::{HashMap, HashSet, VecDeque};

use super::trace::Happening;
use super::{End, Program, Trace, World};

/// What is wrong with the end of a schedule; several things may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// More orders than there was stock.
    Oversold,
    /// Somebody was sent away with an error while units were left.
    TurnedAway,
    /// Stock is not what is left and what was sold.
    Unbalanced,
    /// Everybody waits for somebody.
    Deadlocked,
}

impl Ending {
    fn holds(self, exploration: &Exploration<'_>, world: &World) -> bool {
        let buyers = 0..exploration.programs.len();
        let left = world.left(exploration.counts_in_redis());
        let failed = || buyers.clone().any(|buyer| world.end(buyer) == Some(End::Failed));
        match self {
            Self::Oversold => world.orders > exploration.stock,
            Self::TurnedAway => world.is_over() && failed() && left > 0,
            Self::Unbalanced => world.is_over() && left + world.orders != exploration.stock,
            Self::Deadlocked => !world.is_over(),
        }
    }
}

/// Schedules, and how many of them end in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Schedules in all.
    pub schedules: u64,
    /// Those that end in any of the ways below.
    pub wrong: u64,
    /// See [`Ending::Oversold`].
    pub oversold: u64,
    /// See [`Ending::TurnedAway`].
    pub turned_away: u64,
    /// See [`Ending::Unbalanced`].
    pub unbalanced: u64,
    /// See [`Ending::Deadlocked`].
    pub deadlocked: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.wrong += other.wrong;
        self.oversold += other.oversold;
        self.turned_away += other.turned_away;
        self.unbalanced += other.unbalanced;
        self.deadlocked += other.deadlocked;
    }

    /// Whether every schedule sells what there is, to the last unit, and nothing else.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.schedules > 0 && self.wrong == 0
    }
}

/// Some buyers over one stock.
#[derive(Clone, Copy, Debug)]
pub struct Exploration<'a> {
    /// What each of them runs: the same, or not. Two or three suffice to meet.
    pub programs: &'a [&'a Program],
    /// Units at the beginning.
    pub stock: u8,
    /// How many of them may die, at whatever moment.
    pub deaths: u8,
}

/// A world and the deaths that may still happen in it.
type Node = (World, u8);

impl Exploration<'_> {
    fn begin(&self) -> Node {
        (World::new(self.programs.len(), self.stock), self.deaths)
    }

    /// Whether the units are counted in Redis.
    #[must_use]
    pub fn counts_in_redis(&self) -> bool {
        self.programs.iter().any(|program| program.counts_in_redis())
    }

    /// Everything that can happen next, to those who have come least far first: of several
    /// shortest ways the one in which buyers take turns is the easiest to read.
    fn next(&self, (world, deaths): &Node) -> Vec<(Happening, Node)> {
        let mut buyers: Vec<_> = self.programs.iter().enumerate().collect();
        buyers.sort_by_key(|(buyer, _)| world.progress(*buyer));
        let steps = buyers.into_iter().filter_map(|(buyer, program)| {
            let step = world.next_step(program, buyer)?;
            let after = world.step(program, buyer)?;
            Some((Happening { buyer, step: Some(step) }, (after, *deaths)))
        });
        let dying = 0..if *deaths > 0 { self.programs.len() } else { 0 };
        let dead = dying.filter_map(|buyer| {
            Some((Happening { buyer, step: None }, (world.death(buyer)?, deaths - 1)))
        });
        steps.chain(dead).collect()
    }

    fn ends(&self, ending: Ending, world: &World) -> bool {
        ending.holds(self, world)
    }

    /// The shortest way to a world in which `ending` holds; none when there is no such way.
    #[must_use]
    pub fn shortest(&self, ending: Ending) -> Option<Trace> {
        let mut known = HashSet::from([self.begin()]);
        let mut queue = VecDeque::from([(self.begin(), Trace::new(self))]);
        while let Some((node, trace)) = queue.pop_front() {
            let next = self.next(&node);
            let stuck = ending != Ending::Deadlocked || next.is_empty();
            if stuck && self.ends(ending, &node.0) {
                return Some(trace);
            }
            for (happening, after) in next {
                if known.insert(after.clone()) {
                    let trace = trace.with(happening, &node.0, &after.0);
                    queue.push_back((after, trace));
                }
            }
        }
        None
    }

    /// One schedule, by the world it ends in.
    fn judge(&self, world: &World) -> Tally {
        let count = |ending| u64::from(self.ends(ending, world));
        let [oversold, turned_away, unbalanced, deadlocked] =
            [Ending::Oversold, Ending::TurnedAway, Ending::Unbalanced, Ending::Deadlocked]
                .map(count);
        let wrong = u64::from(oversold + turned_away + unbalanced + deadlocked > 0);
        Tally { schedules: 1, wrong, oversold, turned_away, unbalanced, deadlocked }
    }

    fn tally(&self, node: &Node, known: &mut HashMap<Node, Tally>) -> Tally {
        if let Some(tally) = known.get(node) {
            return *tally;
        }
        let next = self.next(node);
        let mut tally = if next.is_empty() { self.judge(&node.0) } else { Tally::default() };
        for (_, after) in &next {
            tally.add(self.tally(after, known));
        }
        known.insert(node.clone(), tally);
        tally
    }
}

/// Counts every schedule. Worlds that were reached before are not walked again, so millions of
/// schedules cost thousands of worlds.
#[must_use]
pub fn explore(exploration: &Exploration<'_>) -> Tally {
    exploration.tally(&exploration.begin(), &mut HashMap::new())
}

/// Every schedule as the buyers in their order, with the world it ends in. Nobody dies in them.
#[must_use]
pub fn schedules(programs: &[&Program], stock: u8) -> Vec<(Vec<usize>, World)> {
    let exploration = Exploration { programs, stock, deaths: 0 };
    let mut complete = Vec::new();
    let mut open = vec![(Vec::new(), exploration.begin())];
    while let Some((order, node)) = open.pop() {
        let next = exploration.next(&node);
        if next.is_empty() {
            complete.push((order.clone(), node.0));
        }
        for (happening, after) in next {
            let mut longer = order.clone();
            longer.push(happening.buyer);
            open.push((longer, after));
        }
    }
    complete
}
