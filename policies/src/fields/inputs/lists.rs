//! Templates and budgets by what they are asked for: numbers in the order of what is written in the
//! facts, which is not written down again.

use placecard_feasibility::requirement::Operator;
use placecard_findings::ObjectRef;

use super::{BudgetFacts, TemplateFacts, TermFacts};
use crate::kinds;

/// All lists; made once, when everything is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lists {
    /// Templates by the object that holds them, those of one object in the order of the input.
    by_object: Box<[usize]>,
    /// Templates by the name of their objects alone.
    by_name: Box<[usize]>,
    /// The labels of the pods.
    pub(super) has: ByLabel,
    /// Templates whose pods may carry any label.
    pub(super) open: Box<[usize]>,
    /// The labels, one of each term, by which templates keep pods away.
    pub(super) apart: ByLabel,
    /// Templates that keep pods away by other labels than those with a value.
    pub(super) apart_open: Box<[usize]>,
    /// Budgets by name, those of one name in the order of the input.
    budgets: Box<[usize]>,
}

impl Lists {
    pub(super) fn of(templates: &[TemplateFacts], budgets: &[BudgetFacts]) -> Self {
        let that = |is: fn(&TemplateFacts) -> bool| {
            let all = templates.iter().enumerate().filter(move |(_, one)| is(one));
            all.map(|(index, _)| index).collect()
        };
        Self {
            by_object: in_order(templates, |one| &one.object),
            by_name: in_order(templates, |one| &one.object.name),
            has: ByLabel::of(templates, Said::Has),
            open: that(|one| one.more_labels),
            apart: ByLabel::of(templates, Said::KeepsAway),
            apart_open: that(|one| one.apart.iter().any(|term| keeps_away(term).is_none())),
            budgets: in_order(budgets, |one| &one.object),
        }
    }

    /// The templates of an object.
    pub(super) fn of_object(&self, templates: &[TemplateFacts], object: &ObjectRef) -> &[usize] {
        equal(&self.by_object, |index| templates.get(index).map(|one| &one.object), object)
    }

    /// The templates of the objects of a name.
    pub(super) fn named(&self, templates: &[TemplateFacts], name: &str) -> &[usize] {
        equal(&self.by_name, |index| templates.get(index).map(|one| one.object.name.as_str()), name)
    }

    /// The first budget of a name.
    pub(super) fn budget(&self, budgets: &[BudgetFacts], object: &ObjectRef) -> Option<usize> {
        let same = equal(&self.budgets, |index| budgets.get(index).map(|one| &one.object), object);
        same.first().copied()
    }
}

/// The numbers of all, by what they are called.
fn in_order<T, K: Ord + ?Sized>(all: &[T], name: impl Fn(&T) -> &K) -> Box<[usize]> {
    let mut list: Box<[usize]> = (0..all.len()).collect();
    let key = |index: &usize| all.get(*index).map(&name);
    list.sort_by(|one, other| key(one).cmp(&key(other)));
    list
}

/// Those of a list in order that are called so.
fn equal<'a, 'b, K: Ord + ?Sized + 'b>(
    list: &'a [usize],
    name: impl Fn(usize) -> Option<&'b K>,
    wanted: &K,
) -> &'a [usize] {
    let start = list.partition_point(|index| name(*index).is_some_and(|name| name < wanted));
    let rest = list.get(start..).unwrap_or_default();
    let end = rest.partition_point(|index| name(*index).is_some_and(|name| name == wanted));
    rest.get(..end).unwrap_or_default()
}

/// What a template says with a label and a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Said {
    /// Its pods have it.
    #[default]
    Has,
    /// One of its terms keeps the pods away that have it.
    KeepsAway,
}

impl Said {
    /// The label of a place and its value.
    fn at(self, one: &TemplateFacts, place: Place) -> Option<(&str, &str)> {
        let number = place.value as usize;
        match self {
            Self::Has => one.labels.at(number),
            Self::KeepsAway => {
                let selector = one.apart.get(place.term as usize)?.term.selector.as_ref()?;
                let requirement = selector.requirements.get(place.requirement as usize)?;
                Some((&requirement.key, requirement.values.get(number)?))
            }
        }
    }

    /// All places of a template.
    fn places(self, template: usize, one: &TemplateFacts) -> Vec<Place> {
        let values = |term, requirement, count| {
            (0..count).filter_map(move |value| Place::of([template, term, requirement, value]))
        };
        match self {
            Self::Has => values(0, 0, one.labels.count()).collect(),
            Self::KeepsAway => {
                let terms = one.apart.iter().enumerate();
                let plain = terms.filter_map(|(number, term)| Some((number, keeps_away(term)?)));
                plain.flat_map(|(term, (at, count))| values(term, at, count)).collect()
            }
        }
    }
}

/// The first requirement for a label with a value that no controller sets: its number, and how many
/// values it has.
fn keeps_away(term: &TermFacts) -> Option<(usize, usize)> {
    let requirements = &term.term.selector.as_ref()?.requirements;
    let mut plain = requirements.iter().enumerate();
    let (number, first) =
        plain.find(|(_, one)| one.operator == Operator::In && !kinds::is_volatile(&one.key))?;
    Some((number, first.values.len()))
}

/// One label of one template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    template: u32,
    /// The term that keeps it away; 0 for a label that it has.
    term: u32,
    /// The requirement of the term; 0 for a label that it has.
    requirement: u32,
    /// The number among the labels that it has, or among the values of the requirement.
    value: u32,
}

impl Place {
    /// `None`: some number is larger than any input that is read.
    fn of(numbers: [usize; 4]) -> Option<Self> {
        let [template, term, requirement, value] = numbers.map(|one| u32::try_from(one).ok());
        Some(Self { template: template?, term: term?, requirement: requirement?, value: value? })
    }

    /// The number of the template.
    pub(super) const fn template(self) -> usize {
        self.template as usize
    }
}

/// Templates by a label and its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ByLabel {
    said: Said,
    /// In the order of keys and values, and those of one value in the order of the templates.
    places: Box<[Place]>,
}

impl ByLabel {
    fn of(templates: &[TemplateFacts], said: Said) -> Self {
        let places = templates.iter().enumerate();
        let places = places.flat_map(|(template, one)| said.places(template, one));
        let mut all = Self { said, places: places.collect() };
        let mut places = std::mem::take(&mut all.places);
        let key = |place: &Place| (all.label(templates, place), *place);
        places.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        Self { places, ..all }
    }

    fn label<'a>(
        &self,
        templates: &'a [TemplateFacts],
        place: &Place,
    ) -> Option<(&'a str, &'a str)> {
        self.said.at(templates.get(place.template())?, *place)
    }

    /// The templates with this value of the label.
    pub(super) fn get(&self, templates: &[TemplateFacts], key: &str, value: &str) -> &[Place] {
        let wanted = Some((key, value));
        let start = self.places.partition_point(|at| self.label(templates, at) < wanted);
        let rest = self.places.get(start..).unwrap_or_default();
        let end = rest.partition_point(|at| self.label(templates, at) == wanted);
        rest.get(..end).unwrap_or_default()
    }

    /// The values of a label, each with its templates.
    pub(super) fn values<'a>(
        &'a self,
        templates: &'a [TemplateFacts],
        key: &str,
    ) -> impl Iterator<Item = (&'a str, &'a [Place])> {
        let start = self.places.partition_point(|at| self.label(templates, at) < Some((key, "")));
        let rest = self.places.get(start..).unwrap_or_default();
        let is_of = |at: &Place| self.label(templates, at).is_some_and(|(one, _)| one == key);
        let of_key = rest.get(..rest.partition_point(is_of)).unwrap_or_default();
        let parts = of_key
            .chunk_by(|one, other| self.label(templates, one) == self.label(templates, other));
        parts.filter_map(|part| Some((self.label(templates, part.first()?)?.1, part)))
    }
}
